// The textbook way: each window of a picture becomes a column, and a convolution becomes a matrix product:
//
//   gather           y = w col(x)            w (O, D), col(x) (D, PQ), D = C R S
//   scatter          x = col^-1(w^T y)       col^-1 adds each column back to where its window lies
//   weight_gradient  w = y col(x)^T
//
// One picture at a time for each thread, and so few of its columns at a time that they stay in the core's own cache.
#include <Eigen/Core>

#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"

namespace tapestry::kernels::im2col {
namespace {

using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Stride = Eigen::OuterStride<>;
using Read = Eigen::Map<const Matrix, 0, Stride>;
using Write = Eigen::Map<Matrix, 0, Stride>;

constexpr Index column_numbers = 64 * 1024;  // of the block of columns at work: 256 KB of float

// Eigen cuts its products by the cache sizes it detects, which shows in the last bits: pin them to one machine's.
const bool pinned = (Eigen::setNbThreads(1), Eigen::setCpuCacheSizes(32 << 10, 1 << 20, 8 << 20), true);

// f(from, to, place): number `from` of x (one picture) is number `to` of the block of columns that begins at window
// `first`; from is -1 where the window lies on padding.
template <class F>
void each_entry(const Convolution& k, Index first, Index count, F f) {
  Index to = 0;
  for (Index c = 0; c < k.C; ++c)
    for (Index r = 0; r < k.R(); ++r)
      for (Index s = 0; s < k.S(); ++s)
        for (Index window = first; window < first + count; ++window, ++to) {
          const Index h = window / k.Q * k.g.stride_h - k.g.top + r, v = window % k.Q * k.g.stride_w - k.g.left + s;
          const bool inside = h >= 0 && h < k.H && v >= 0 && v < k.W;
          f(inside ? (c * k.H + h) * k.W + v : -1, to);
        }
}

// f(first window, how many) for blocks of columns of one picture
template <class F>
void each_block(const Convolution& k, F f) {
  const Index D = k.C * k.taps(), windows = k.P * k.Q, block = std::clamp<Index>(column_numbers / D, 1, windows);
  for (Index first = 0; first < windows; first += block) f(first, std::min(block, windows - first));
}
Index largest_block(const Convolution& k) {
  const Index D = k.C * k.taps();
  return D * std::clamp<Index>(column_numbers / D, 1, k.P * k.Q);
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Real* bias) {
  const Index D = k.C * k.taps(), windows = k.P * k.Q;
  Tensor y = Tensor::uninitialized(k.small());
  Real* const to = y.writable();
  parallel_for(k.N, k.nanoseconds(), [&](Index n) {
    const Scratch columns(largest_block(k));
    const Real* const picture = x.data() + n * k.C * k.H * k.W;
    each_block(k, [&](Index first, Index count) {
      each_entry(k, first, count, [&](Index from, Index i) { columns[i] = from < 0 ? 0 : picture[from]; });
      Write part(to + n * k.O * windows + first, k.O, count, Stride(windows));
      part.noalias() = Read(w.data(), k.O, D, Stride(D)) * Read(columns, D, count, Stride(count));
      if (bias) part.colwise() += Eigen::Map<const Eigen::Matrix<Real, Eigen::Dynamic, 1>>(bias, k.O);
    });
  });
  return y;
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Real* bias) {
  const Index D = k.C * k.taps(), windows = k.P * k.Q, area = k.H * k.W;
  Tensor x = Tensor::uninitialized(k.big());
  Real* const to = x.writable();
  parallel_for(k.N, k.nanoseconds(), [&](Index n) {
    const Scratch columns(largest_block(k));
    Real* const picture = to + n * k.C * area;
    for (Index c = 0; c < k.C; ++c) std::fill_n(picture + c * area, area, bias ? bias[c] : Real(0));
    each_block(k, [&](Index first, Index count) {
      Write(columns, D, count, Stride(count)).noalias() =
          Read(w.data(), k.O, D, Stride(D)).transpose() *
          Read(y.data() + n * k.O * windows + first, k.O, count, Stride(windows));
      each_entry(k, first, count, [&](Index at, Index i) {
        if (at >= 0) picture[at] += columns[i];
      });
    });
  });
  return x;
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  const Index D = k.C * k.taps(), windows = k.P * k.Q, size = k.O * D;
  const Scratch partial(chunks(k.N) * size);
  parallel_for(chunks(k.N), k.nanoseconds(), [&](Index chunk) {
    const Scratch columns(largest_block(k));
    Write sum(partial + chunk * size, k.O, D, Stride(D));
    sum.setZero();
    for (Index n = chunk * chunk_samples; n < std::min(k.N, (chunk + 1) * chunk_samples); ++n) {
      const Real* const picture = x.data() + n * k.C * k.H * k.W;
      each_block(k, [&](Index first, Index count) {
        each_entry(k, first, count, [&](Index from, Index i) { columns[i] = from < 0 ? 0 : picture[from]; });
        sum.noalias() += Read(y.data() + n * k.O * windows + first, k.O, count, Stride(windows)) *
                         Read(columns, D, count, Stride(count)).transpose();
      });
    }
  });
  add_in_pairs(partial, chunks(k.N), size);
  Tensor w = Tensor::uninitialized(k.weight());
  std::copy_n(static_cast<const Real*>(partial), size, w.writable());
  return w;
}

}  // namespace tapestry::kernels::im2col
