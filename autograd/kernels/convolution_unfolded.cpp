// All windows of a batch become rows of one matrix, which matmul multiplies:
//
//   gather            y = rows(x) w^T          rows(x) (N P Q, C R S), w (O, C R S)
//   scatter           x = rows^-1(y w)         rows^-1 adds each row back to where its window lies
//   weight_gradient   w = y^T rows(x)
//
// where y (N P Q, O) has channels last. For small grids: then there are few rows, and matmul reads large weights where
// they lie instead of bringing them into panels for a handful of windows. A window that is the whole picture (the first
// layer of many generators, the last of their discriminators) is a row already.
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/pictures.hpp"
#include "autograd/kernels/scratch.hpp"

namespace tapestry::kernels::unfolded {
namespace {

Tensor as_matrix(const Tensor& t) { return t.reshaped({t.shape()[0], t.size() / t.shape()[0]}); }

struct Windows {
  const Convolution& k;
  Index count = k.P * k.Q, depth = k.C * k.taps();
  Padded padded = surrounded(k);
  Offsets taps = taps_of_window(k, padded, padded.area(), k.C);
  Offsets places = windows_of_pictures(k, padded, 1, 0);

  bool is_picture() const { return count == 1 && k.H == k.R() && k.W == k.S() && k.g.top == 0 && k.g.left == 0; }
  Index numbers() const { return k.C * padded.area(); }  // of a padded picture

  // f(n) for each picture
  template <class F>
  void each_picture(F f) const {
    parallel_for_blocks(k.N, 8, 1.0 * count * depth, [&](Index begin, Index end) {
      for (Index n = begin; n < end; ++n) f(n);
    });
  }
};

Tensor rows(const Windows& windows, const Tensor& x) {
  if (windows.is_picture()) return as_matrix(x);
  const Convolution& k = windows.k;
  const Index depth = windows.depth;
  Tensor rows = Tensor::uninitialized({k.N * windows.count, depth});
  Real* const all = rows.writable();
  windows.each_picture([&](Index n) {
    const Scratch picture(windows.numbers());
    for (Index c = 0; c < k.C; ++c)
      pad(x.data() + (n * k.C + c) * k.H * k.W, k.H, k.W, windows.padded, picture + c * windows.padded.area());
    for (Index window = 0; window < windows.count; ++window) {
      const Real* const from = picture + windows.places[window];
      Real* const to = all + (n * windows.count + window) * depth;
      for (Index i = 0; i < depth; ++i) to[i] = from[windows.taps[i]];
    }
  });
  return rows;
}

Tensor add_rows(const Windows& windows, const Tensor& rows, const Real* bias) {
  const Convolution& k = windows.k;
  const Padded& padded = windows.padded;
  const Index depth = windows.depth;
  Tensor x = Tensor::uninitialized(k.big());
  Real* const all = x.writable();
  windows.each_picture([&](Index n) {
    const Scratch picture(windows.numbers());
    for (Index c = 0; c < k.C; ++c) std::fill_n(picture + c * padded.area(), padded.area(), bias ? bias[c] : Real(0));
    for (Index window = 0; window < windows.count; ++window) {
      const Real* const from = rows.data() + (n * windows.count + window) * depth;
      Real* const to = picture + windows.places[window];
      for (Index i = 0; i < depth; ++i) to[windows.taps[i]] += from[i];
    }
    for (Index c = 0; c < k.C; ++c)
      for (Index h = 0; h < k.H; ++h)
        copy_row(picture + c * padded.area() + (padded.top + h) * padded.width + padded.left, k.W,
                 all + ((n * k.C + c) * k.H + h) * k.W);
  });
  return x;
}

// (N, O, P, Q) to (N P Q, O) and back
Tensor channels_last(const Windows& windows, const Tensor& y) {
  const Index O = windows.k.O, count = windows.count;
  if (count == 1) return as_matrix(y);
  Tensor rows = Tensor::uninitialized({windows.k.N * count, O});
  Real* const to = rows.writable();
  windows.each_picture([&](Index n) { transpose(y.data() + n * O * count, count, O, count, to + n * count * O, O); });
  return rows;
}
Tensor channels_first(const Windows& windows, const Tensor& rows) {
  const Index O = windows.k.O, count = windows.count;
  if (count == 1) return rows.reshaped(windows.k.small());
  Tensor y = Tensor::uninitialized(windows.k.small());
  Real* const to = y.writable();
  windows.each_picture(
      [&](Index n) { transpose(rows.data() + n * count * O, O, count, O, to + n * O * count, count); });
  return y;
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Real* bias) {
  const Windows windows{k};
  return channels_first(windows, matmul(rows(windows, x), false, as_matrix(w), true, bias));
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Real* bias) {
  const Windows windows{k};
  if (!windows.is_picture())
    return add_rows(windows, matmul(channels_last(windows, y), false, as_matrix(w), false), bias);
  std::vector<Real> of_each_pixel;
  for (Index c = 0; bias && c < k.C; ++c) of_each_pixel.insert(of_each_pixel.end(), k.taps(), bias[c]);
  return matmul(as_matrix(y), false, as_matrix(w), false, bias ? of_each_pixel.data() : nullptr).reshaped(k.big());
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  const Windows windows{k};
  return matmul(channels_last(windows, y), true, rows(windows, x), false, nullptr, windows.count).reshaped(k.weight());
}

}  // namespace tapestry::kernels::unfolded
