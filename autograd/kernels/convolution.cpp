// Which way for which geometry. The batch has no say: a picture's bits must not depend on the pictures around it. So no
// way may be slow for a single picture, even if it would be fast for many.
#include "autograd/kernels/convolution.hpp"

#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/table_product.hpp"

namespace tapestry::kernels {

// Winograd's tiles need fewer multiplications, but the transforms cost, too. There must be channels on both sides to
// share those of the pictures, and for a pair of channels enough multiplications saved in the windows of a single
// picture to repay the transform of its kernel, which it waits for if the weights are new; more, if sums over a few
// channels are short. Large transformed weights come and go by slower memory and must have more to do. (`direct`:
// multiplications for a picture and a pair of channels; `size`: numbers of a transformed kernel.) With more than five
// taps to a phase, weight gradients are less exact than the others: off by up to 1.5e-5 of their largest number. The
// limits are measured.
static bool winograd_pays(const Convolution& k) {
  const Index channels = std::min(k.C, k.O);
  if (channels < 16 || std::max(k.g.stride_h, k.g.stride_w) > 2) return false;
  if (k.R() > 5 * k.g.stride_h || k.S() > 5 * k.g.stride_w) return false;
  const double saving = winograd::saving(k), direct = static_cast<double>(k.P * k.Q * k.taps());
  if (saving == 0 || direct - direct / saving < (channels < 32 ? 200 : 100)) return false;
  const double size = winograd::transformed_size(k);
  return k.C * k.O * size <= 2e6 || direct >= 10 * size;
}

Way best_way(const Convolution& k) {
  // A handful of windows: to bring the weights into panels for a single picture would cost more than to multiply it.
  // The same holds for up to a vector of windows, if there are many kernels of few numbers.
  const Index windows = k.P * k.Q;
  if (windows <= 4 || (windows <= lanes && k.C * k.taps() < k.O)) return Way::unfolded;

  if (winograd_pays(k)) return Way::winograd;

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

// With a picture of a few channels, gather and weight gradient have two good ways. Unfolding is the better one for
// channels that are few indeed, if there are more windows than taps, and if the picture is split quickly; or if there
// is nothing to unfold.
bool unfolding_pays(const Convolution& k) {
  const Index windows = k.P * k.Q;
  if (k.taps() == 1) return true;
  return k.C <= 4 && windows >= 64 && windows >= k.C * k.taps() && std::max(k.g.stride_h, k.g.stride_w) <= 2;
}

// The table's way looks from each pixel of the big picture at all windows that could reach it, whole vectors of
// channels at a time. Where most of these lie beside the small picture, or most of a vector is empty, that is mostly
// zeros.
Index reached(Index windows, int stride, int kernel, int padding, Index length) {  // pixels, along one axis
  Index count = 0;
  for (Index p = 0; p < windows; ++p) {
    const Index first = p * stride - padding;
    count += std::max<Index>(0, std::min(length, first + kernel) - std::max<Index>(0, first));
  }
  return count;
}
bool mostly_zeros(const Convolution& k) {
  const double needed =
      double(k.C) * reached(k.P, k.g.stride_h, k.R(), k.g.top, k.H) * reached(k.Q, k.g.stride_w, k.S(), k.g.left, k.W);
  const double looked_at = double(in_lanes(k.C)) * k.H * k.W * ((k.R() + k.g.stride_h - 1) / k.g.stride_h) *
                           ((k.S() + k.g.stride_w - 1) / k.g.stride_w);
  return looked_at > 3 * needed;
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  switch (best_way(k)) {
    case Way::unfolded:
      return unfolded::gather(k, x, w, epilogue);
    case Way::winograd:
      return winograd::gather(k, x, w, epilogue);
    case Way::mirrored:
      return scatter(mirrored(k), x, turned(w), epilogue);
    case Way::few_channels:
      if (unfolding_pays(k)) return few_channels::gather(k, x, w, epilogue);
      [[fallthrough]];
    default:
      return table::gather(k, x, w, epilogue);
  }
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  switch (best_way(k)) {
    case Way::unfolded:
      return unfolded::scatter(k, y, w, epilogue);
    case Way::winograd:
      return winograd::scatter(k, y, w, epilogue);
    case Way::mirrored:
      return gather(mirrored(k), y, turned(w), epilogue);
    case Way::few_channels:
      return few_channels::scatter(k, y, w, epilogue);
    default:
      return mostly_zeros(k) ? im2col::scatter(k, y, w, epilogue) : table::scatter(k, y, w, epilogue);
  }
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  switch (best_way(k)) {
    case Way::unfolded:
      return unfolded::weight_gradient(k, x, y);
    case Way::winograd:
      return winograd::weight_gradient(k, x, y);
    case Way::mirrored:
      return turned(weight_gradient(mirrored(k), y, x));
    case Way::few_channels:
      if (unfolding_pays(k)) return few_channels::weight_gradient(k, x, y);
      [[fallthrough]];
    default:
      return table::weight_gradient(k, x, y);
  }
}

}  // namespace tapestry::kernels
