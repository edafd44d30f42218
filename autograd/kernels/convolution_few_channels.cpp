// Scatter into a big picture of a few channels (the last layer of a generator draws one or three). Panels of output
// channels would be nearly empty there, so the roles change: first every tap is multiplied with the whole small
// picture, which lies in memory just as a panel wants it; the weights, too, are read where they lie,
//
//   product[c,r,s][p,q] = sum over o of w[o,c,r,s] y[o,p,q]
//
// then each of the C R S planes is added to where its tap puts it.
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/table_product.hpp"

namespace tapestry::kernels::few_channels {
namespace {

// The windows 0 ... count - 1 whose tap `tap` falls into 0 ... length - 1: begin <= window < end.
struct Range {
  Index begin, end;
};
Range inside(Index count, Index stride, Index padding, Index tap, Index length) {
  const Index first = padding - tap, last = length - 1 + padding - tap;  // window * stride lies between these
  const Index begin = first > 0 ? (first + stride - 1) / stride : 0;
  return {begin, std::max(begin, last < 0 ? 0 : std::min(count, last / stride + 1))};
}

}  // namespace

bool fits(const Convolution& k) {
  if (k.P * k.Q < lanes) return false;
  if (k.C <= 4) return k.C < k.O;
  constexpr Index most = 1 << 20;  // numbers of a thread's planes
  return k.C < lanes && 2 * k.C <= k.O && k.C * k.taps() * k.P * k.Q <= most;
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  const Index rows = k.C * k.taps(), pixels = k.P * k.Q, area = k.H * k.W;
  const Index width = std::min<Index>(panel_width, pixels / lanes * lanes);  // of a panel: whole vectors
  const Offsets places = multiples(rows, 1), depth = multiples(k.O, rows), results = multiples(rows, pixels);
  Tensor x = Tensor::uninitialized(k.big());
  Real* const to = x.writable();
  parallel_for(k.N, k.nanoseconds(), [&](Index n) {
    const Scratch product(rows * pixels);
    for (Index column = 0;; column = std::min(column + width, pixels - width)) {  // the last one overlaps
      table_product(rows, width, k.O, w.data(), places.data(), depth.data(), y.data() + n * k.O * pixels + column,
                    pixels, product + column, results.data(), false);
      if (column == pixels - width) break;
    }
    for (Index c = 0; c < k.C; ++c) {
      Real* const picture = to + (n * k.C + c) * area;
      std::fill_n(picture, area, epilogue.bias_of(c));
      for (Index r = 0; r < k.R(); ++r)
        for (Index s = 0; s < k.S(); ++s) {
          const Real* const plane = product + (c * k.taps() + r * k.S() + s) * pixels;
          const Range p = inside(k.P, k.g.stride_h, k.g.top, r, k.H), q = inside(k.Q, k.g.stride_w, k.g.left, s, k.W);
          for (Index i = p.begin; i < p.end; ++i) {
            const Real* const from = plane + i * k.Q;
            Real* const row = picture + (i * k.g.stride_h - k.g.top + r) * k.W - k.g.left + s;
            if (k.g.stride_w == 1)  // this loop can use vectors
              for (Index j = q.begin; j < q.end; ++j) row[j] += from[j];
            else
              for (Index j = q.begin; j < q.end; ++j) row[j * k.g.stride_w] += from[j];
          }
        }
    }
    epilogue.rectify(n, 1, to + n * k.C * area);
  });
  return x;
}

}  // namespace tapestry::kernels::few_channels
