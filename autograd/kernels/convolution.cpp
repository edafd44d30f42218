// Which way for which geometry.
#include "autograd/kernels/convolution.hpp"

#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

// A convolution of stride 1 is its own mirror: seen from the small picture, the kernel turned by 180 degrees and its
// channels exchanged, gather becomes scatter. Worth it where the small picture has a few channels only.
bool better_mirrored(const Convolution& k) {
  return k.g.stride_h == 1 && k.g.stride_w == 1 && k.O <= 4 && k.O < k.C && k.g.top < k.R() && k.g.left < k.S();
}
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

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Real* bias) {
  if (better_mirrored(k) && few_channels::fits(mirrored(k)))
    return few_channels::scatter(mirrored(k), x, turned(w), bias);
  return table::gather(k, x, w, bias);
}
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Real* bias) {
  return few_channels::fits(k) ? few_channels::scatter(k, y, w, bias) : table::scatter(k, y, w, bias);
}
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  if (better_mirrored(k)) return turned(table::weight_gradient(mirrored(k), y, x));
  return table::weight_gradient(k, x, y);
}

}  // namespace tapestry::kernels
