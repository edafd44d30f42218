#include "autograd/kernels/pooling.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"

namespace tapestry::kernels {
namespace {

struct Span {  // of rows or columns: begin ... end - 1
  Index begin, end;
};
// What window p covers of a picture that is `length` long.
Span covered(Index p, Index stride, Index before, Index kernel, Index length) {
  const Index first = p * stride - before;
  return {std::max<Index>(first, 0), std::min(first + kernel, length)};
}
Span rows_of(const Windows& k, Index p) { return covered(p, k.g.stride_h, k.g.top, k.g.kernel_h, k.H); }
Span columns_of(const Windows& k, Index q) { return covered(q, k.g.stride_w, k.g.left, k.g.kernel_w, k.W); }

// f(big plane's beginning, small plane's beginning) for each channel of each picture, on all threads.
template <class F>
void each_plane(const Windows& k, F f) {
  const Index big = k.H * k.W, small = k.P * k.Q;
  parallel_for_blocks(k.N * k.C, std::max<Index>(1, 8192 / big), double(big) + small, [&](Index begin, Index end) {
    for (Index plane = begin; plane < end; ++plane) f(plane * big, plane * small);
  });
}

// The pixel under tap r S + s of window (p, q); -1 in the padding.
Index pixel(const Windows& k, Index p, Index q, Real tap) {
  const Index at = static_cast<Index>(tap), r = at / k.g.kernel_w, s = at % k.g.kernel_w;
  const Index h = p * k.g.stride_h - k.g.top + r, w = q * k.g.stride_w - k.g.left + s;
  return h >= 0 && h < k.H && w >= 0 && w < k.W ? h * k.W + w : -1;
}

}  // namespace

// Rows first, all columns at once, then columns: at stride 1, R + S additions for each window in place of R S.
Tensor window_sum(const Windows& k, const Tensor& x) {
  Tensor y = Tensor::uninitialized(k.small());
  Real* const all = y.writable();
  each_plane(k, [&](Index big, Index small) {
    const ScratchOf<double> sums(k.W);
    Real* to = all + small;
    for (Index p = 0; p < k.P; ++p) {
      std::fill_n(static_cast<double*>(sums), k.W, 0.0);
      const Span rows = rows_of(k, p);
      for (Index h = rows.begin; h < rows.end; ++h)
        for (Index w = 0; w < k.W; ++w) sums[w] += x.data()[big + h * k.W + w];
      for (Index q = 0; q < k.Q; ++q) {
        const Span columns = columns_of(k, q);
        double sum = 0;
        for (Index w = columns.begin; w < columns.end; ++w) sum += sums[w];
        *to++ = static_cast<Real>(sum);
      }
    }
  });
  return y;
}

Tensor window_spread(const Windows& k, const Tensor& y) {  // the same, backwards
  Tensor x = Tensor::uninitialized(k.big());
  Real* const all = x.writable();
  each_plane(k, [&](Index big, Index small) {
    const Scratch row(k.W);
    std::fill_n(all + big, k.H * k.W, Real(0));
    for (Index p = 0; p < k.P; ++p) {
      std::fill_n(static_cast<Real*>(row), k.W, Real(0));
      for (Index q = 0; q < k.Q; ++q) {
        const Span columns = columns_of(k, q);
        for (Index w = columns.begin; w < columns.end; ++w) row[w] += y[small + p * k.Q + q];
      }
      const Span rows = rows_of(k, p);
      for (Index h = rows.begin; h < rows.end; ++h)
        for (Index w = 0; w < k.W; ++w) all[big + h * k.W + w] += row[w];
    }
  });
  return x;
}

Tensor window_argmax(const Windows& k, const Tensor& x) {
  Tensor taps = Tensor::uninitialized(k.small());
  Real* const all = taps.writable();
  each_plane(k, [&](Index big, Index small) {
    Real* to = all + small;
    for (Index p = 0; p < k.P; ++p)
      for (Index q = 0; q < k.Q; ++q) {
        const Span rows = rows_of(k, p), columns = columns_of(k, q);
        Index best = rows.begin * k.W + columns.begin;
        for (Index h = rows.begin; h < rows.end; ++h)
          for (Index w = columns.begin; w < columns.end; ++w) {
            const Real number = x[big + h * k.W + w], largest = x[big + best];
            if (number > largest || (std::isnan(number) && !std::isnan(largest))) best = h * k.W + w;
          }
        const Index r = best / k.W - (p * k.g.stride_h - k.g.top), s = best % k.W - (q * k.g.stride_w - k.g.left);
        *to++ = static_cast<Real>(r * k.g.kernel_w + s);
      }
  });
  return taps;
}

Tensor window_take(const Windows& k, const Tensor& x, const Tensor& taps) {
  Tensor y = Tensor::uninitialized(k.small());
  Real* const all = y.writable();
  each_plane(k, [&](Index big, Index small) {
    for (Index p = 0; p < k.P; ++p)
      for (Index q = 0; q < k.Q; ++q, ++small) {
        const Index from = pixel(k, p, q, taps[small]);
        all[small] = from < 0 ? Real(0) : x[big + from];
      }
  });
  return y;
}

Tensor window_put(const Windows& k, const Tensor& y, const Tensor& taps) {
  Tensor x = Tensor::uninitialized(k.big());
  Real* const all = x.writable();
  each_plane(k, [&](Index big, Index small) {
    std::fill_n(all + big, k.H * k.W, Real(0));
    for (Index p = 0; p < k.P; ++p)
      for (Index q = 0; q < k.Q; ++q, ++small)
        if (const Index to = pixel(k, p, q, taps[small]); to >= 0) all[big + to] += y[small];
  });
  return x;
}

// reference -----------------------------------------------------------------------------------------------------------

namespace reference {
namespace {
// f(place in the small picture, place in the big one, tap) for each tap of each window that lies on a pixel.
template <class F>
void each_tap(const Windows& k, F f) {
  for (Index plane = 0; plane < k.N * k.C; ++plane)
    for (Index p = 0; p < k.P; ++p)
      for (Index q = 0; q < k.Q; ++q)
        for (Index r = 0; r < k.g.kernel_h; ++r)
          for (Index s = 0; s < k.g.kernel_w; ++s) {
            const Index h = p * k.g.stride_h - k.g.top + r, w = q * k.g.stride_w - k.g.left + s;
            if (h >= 0 && h < k.H && w >= 0 && w < k.W)
              f((plane * k.P + p) * k.Q + q, (plane * k.H + h) * k.W + w, r * k.g.kernel_w + s);
          }
}
}  // namespace

Tensor window_sum(const Windows& k, const Tensor& x) {
  Tensor y(k.small(), 0);
  Real* const to = y.writable();
  each_tap(k, [&](Index small, Index big, Index) { to[small] += x[big]; });
  return y;
}
Tensor window_spread(const Windows& k, const Tensor& y) {
  Tensor x(k.big(), 0);
  Real* const to = x.writable();
  each_tap(k, [&](Index small, Index big, Index) { to[big] += y[small]; });
  return x;
}
Tensor window_argmax(const Windows& k, const Tensor& x) {
  Tensor taps(k.small(), -1);
  std::vector<Real> largest(taps.size());
  Real* const to = taps.writable();
  each_tap(k, [&](Index small, Index big, Index tap) {
    const bool first = to[small] < 0, nan = std::isnan(x[big]) && !std::isnan(largest[small]);
    if (!first && !(x[big] > largest[small]) && !nan) return;
    largest[small] = x[big];
    to[small] = static_cast<Real>(tap);
  });
  return taps;
}
Tensor window_take(const Windows& k, const Tensor& x, const Tensor& taps) {
  Tensor y(k.small(), 0);
  Real* const to = y.writable();
  each_tap(k, [&](Index small, Index big, Index tap) {
    if (taps[small] == tap) to[small] = x[big];
  });
  return y;
}
Tensor window_put(const Windows& k, const Tensor& y, const Tensor& taps) {
  Tensor x(k.big(), 0);
  Real* const to = x.writable();
  each_tap(k, [&](Index small, Index big, Index tap) {
    if (taps[small] == tap) to[big] += y[small];
  });
  return x;
}
}  // namespace reference

}  // namespace tapestry::kernels
