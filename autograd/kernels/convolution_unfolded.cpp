// All windows of a batch become rows of one matrix, which matmul multiplies:
//
//   gather            y = rows(x) w^T          rows(x) (N P Q, C R S), w (O, C R S)
//   scatter           x = rows^-1(y w)         rows^-1 adds each row back to where its window lies
//   weight_gradient   w = y^T rows(x)
//
// where y (N P Q, O) has channels last. For small grids, with few rows to a picture: matmul then exchanges its operands
// where that is cheaper, or reads weights where they lie, instead of bringing them into panels for a handful of
// windows. A window that is the whole picture (the first layer of many generators, the last of their discriminators) is
// a row already.
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/pictures.hpp"
#include "autograd/kernels/scratch.hpp"

namespace tapestry::kernels::unfolded {
namespace {

Tensor as_matrix(const Tensor& t) { return t.reshaped({t.shape()[0], t.size() / t.shape()[0]}); }

bool is_picture(const Convolution& k) {  // the one window
  return k.P * k.Q == 1 && k.H == k.R() && k.W == k.S() && k.g.top == 0 && k.g.left == 0;
}

struct Windows {
  const Convolution& k;
  Padded padded;
  Index count = k.P * k.Q, depth = k.C * k.taps();
  Offsets taps = taps_of_window(k, padded, padded.area(), k.C);
  Offsets places = windows_of_pictures(k, padded, 1, 0);
  Index numbers() const { return k.C * padded.area(); }  // of a padded picture
};

// f(n) for each picture, of so many numbers
template <class F>
void each_picture(const Convolution& k, Index numbers, F f) {
  parallel_for_blocks(k.N, 8, 1.0 * numbers, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) f(n);
  });
}

Tensor rows(const Convolution& k, const Tensor& x) {
  if (is_picture(k)) return as_matrix(x);
  const Windows windows{k, covered(k)};
  const Index depth = windows.depth;
  Tensor rows = Tensor::uninitialized({k.N * windows.count, depth});
  Real* const all = rows.writable();
  each_picture(k, windows.count * depth, [&](Index n) {
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

Tensor add_rows(const Convolution& k, const Tensor& rows, const Epilogue& epilogue) {
  const Windows windows{k, surrounded(k)};
  const Padded& padded = windows.padded;
  const Index depth = windows.depth;
  Tensor x = Tensor::uninitialized(k.big());
  Real* const all = x.writable();
  each_picture(k, windows.count * depth, [&](Index n) {
    const Scratch picture(windows.numbers());
    for (Index c = 0; c < k.C; ++c) std::fill_n(picture + c * padded.area(), padded.area(), epilogue.bias_of(c));
    for (Index window = 0; window < windows.count; ++window) {
      const Real* const from = rows.data() + (n * windows.count + window) * depth;
      Real* const to = picture + windows.places[window];
      for (Index i = 0; i < depth; ++i) to[windows.taps[i]] += from[i];
    }
    for (Index c = 0; c < k.C; ++c)
      for (Index h = 0; h < k.H; ++h)
        copy_row(picture + c * padded.area() + (padded.top + h) * padded.width + padded.left, k.W,
                 all + ((n * k.C + c) * k.H + h) * k.W);
    epilogue.rectify(n, 1, all + n * k.C * k.H * k.W);
  });
  return x;
}

// (N, O, P, Q) to (N P Q, O) and back
Tensor rows_of(const Convolution& k, const Tensor& y) {
  const Index O = k.O, count = k.P * k.Q;
  if (count == 1) return as_matrix(y);
  Tensor rows = Tensor::uninitialized({k.N * count, O});
  Real* const to = rows.writable();
  each_picture(k, O * count,
               [&](Index n) { transpose(y.data() + n * O * count, count, O, count, to + n * count * O, O); });
  return rows;
}
Tensor pictures_of(const Convolution& k, const Tensor& rows, const Epilogue& epilogue) {
  const Index O = k.O, count = k.P * k.Q;
  Tensor y = Tensor::uninitialized(k.small());
  Real* const to = y.writable();
  each_picture(k, O * count, [&](Index n) {
    transpose(rows.data() + n * count * O, O, count, O, to + n * O * count, count);
    epilogue.rectify(n, 1, to + n * O * count);
  });
  return y;
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  const auto product = [&](const Epilogue& e) { return matmul(rows(k, x), false, as_matrix(w), true, e); };
  if (k.P * k.Q == 1) return product(epilogue).reshaped(k.small());  // a row is a sample
  return pictures_of(k, product(epilogue.bias), epilogue);
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  if (!is_picture(k)) return add_rows(k, matmul(rows_of(k, y), false, as_matrix(w), false), epilogue);
  std::vector<Real> of_each_pixel;
  for (Index c = 0; epilogue.bias && c < k.C; ++c)
    of_each_pixel.insert(of_each_pixel.end(), k.taps(), epilogue.bias[c]);
  const Epilogue of_row(epilogue.bias ? of_each_pixel.data() : nullptr, epilogue.rectifier);
  return matmul(as_matrix(y), false, as_matrix(w), false, of_row).reshaped(k.big());
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  return matmul(rows_of(k, y), true, rows(k, x), false, {}, k.P * k.Q).reshaped(k.weight());
}

}  // namespace tapestry::kernels::unfolded
