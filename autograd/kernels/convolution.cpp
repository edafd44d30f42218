// Which way for which geometry. The batch has no say: a picture's bits must not depend on the pictures around it.
#include "autograd/kernels/convolution.hpp"

#include "autograd/kernels/matrix.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {

Way best_way(const Convolution& k) {
  // One window that is the whole picture: nothing slides, pictures are rows of a matrix. (The first layer of many
  // generators and the last of their discriminators.)
  if (k.P * k.Q == 1 && k.H == k.R() && k.W == k.S() && k.g.top == 0 && k.g.left == 0) return Way::linear;

  // Fewer multiplications. The transforms cost too: there must be channels on both sides to share them, windows to
  // share the weights' transform, and a third of the multiplications must go.
  if (std::min(k.C, k.O) > 4 && k.P * k.Q >= 9 && winograd::saving(k) >= 1.5) return Way::winograd;

  // Panels of a few channels would be nearly empty: the side that has few is unfolded instead. A convolution of stride
  // 1 is its own mirror, so that side can always be the big one.
  if (k.g.stride_h == 1 && k.g.stride_w == 1 && k.O <= 4 && k.O < k.C && k.g.top < k.R() && k.g.left < k.S())
    return Way::mirrored;
  if (few_channels::fits(k)) return Way::few_channels;

  return Way::table;
}

namespace {

// Seen from the small picture, the kernel turned by 180 degrees and its channels exchanged: gather becomes scatter.
Convolution mirrored(const Convolution& k) {
  Convolution m{k.N, k.O, k.P, k.Q, k.C, k.H, k.W, k.g};
  m.g.top = k.g.kernel_h - 1 - k.g.top;
  m.g.bottom = k.g.kernel_h - 1 - k.g.bottom;
  m.g.left = k.g.kernel_w - 1 - k.g.left;
  m.g.right = k.g.kernel_w - 1 - k.g.right;
  return m;
}
Tensor turned(const Tensor& w) {  // (O, C, R, S) -> (C, O, R, S), each kernel by 180 degrees
  const Index O = w.shape()[0], C = w.shape()[1], taps = w.shape()[2] * w.shape()[3];
  Tensor t = Tensor::uninitialized({C, O, w.shape()[2], w.shape()[3]});
  Real* const to = t.writable();
  parallel_for_blocks(O, 64, 1.0 * C * taps, [&](Index begin, Index end) {
    for (Index o = begin; o < end; ++o)
      for (Index c = 0; c < C; ++c)
        for (Index i = 0; i < taps; ++i) to[(c * O + o) * taps + taps - 1 - i] = w[(o * C + c) * taps + i];
  });
  return t;
}

Tensor as_rows(const Tensor& t) { return t.reshaped({t.shape()[0], t.size() / t.shape()[0]}); }
std::vector<Real> of_each_pixel(const Real* bias, Index channels, Index pixels) {
  std::vector<Real> repeated;
  for (Index c = 0; bias && c < channels; ++c) repeated.insert(repeated.end(), pixels, bias[c]);
  return repeated;
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Real* bias) {
  switch (best_way(k)) {
    case Way::linear:
      return matmul(as_rows(x), false, as_rows(w), true, bias).reshaped(k.small());
    case Way::winograd:
      return winograd::gather(k, x, w, bias);
    case Way::mirrored:
      return scatter(mirrored(k), x, turned(w), bias);
    default:
      return table::gather(k, x, w, bias);
  }
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Real* bias) {
  switch (best_way(k)) {
    case Way::linear: {
      const std::vector<Real> repeated = of_each_pixel(bias, k.C, k.taps());
      return matmul(as_rows(y), false, as_rows(w), false, bias ? repeated.data() : nullptr).reshaped(k.big());
    }
    case Way::winograd:
      return winograd::scatter(k, y, w, bias);
    case Way::mirrored:
      return gather(mirrored(k), y, turned(w), bias);
    case Way::few_channels:
      return few_channels::scatter(k, y, w, bias);
    default:
      return table::scatter(k, y, w, bias);
  }
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  switch (best_way(k)) {
    case Way::linear:
      return matmul(as_rows(y), true, as_rows(x), false).reshaped(k.weight());
    case Way::winograd:
      return winograd::weight_gradient(k, x, y);
    case Way::mirrored:
      return turned(weight_gradient(mirrored(k), y, x));
    default:
      return table::weight_gradient(k, x, y);
  }
}

}  // namespace tapestry::kernels
