// Pooling and upsampling: two pairs of linear operations, each the other's rule, and what is made of them.
#include "autograd/kernels/pooling.hpp"

#include <algorithm>

#include "autograd/error.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"

namespace tapestry {
namespace {

using kernels::Windows;

void check_pictures(const char* op, const Shape& x) {
  if (x.rank() != 4) fail(op, ": got ", x, "; expected pictures (N, C, H, W)");
}
// A padding of less than the kernel, so that there is a pixel under each window.
void check_geometry(const char* op, const Geometry& g) {
  const bool whole = g.kernel_h >= 1 && g.kernel_w >= 1 && g.stride_h >= 1 && g.stride_w >= 1;
  if (!whole || std::min(g.top, g.left) < 0 || std::max(g.top, g.bottom) >= g.kernel_h ||
      std::max(g.left, g.right) >= g.kernel_w)
    fail(op, ": got ", g.text(),
         "; expected a kernel and a stride of 1 or more, and a padding from 0 to less than the ", "kernel");
}
Windows on_big(const char* op, const Shape& x, const Geometry& g) {  // x (N, C, H, W)
  check_pictures(op, x);
  check_geometry(op, g);
  const Index P = g.windows_h(x[2]), Q = g.windows_w(x[3]);
  if (P < 1 || Q < 1)
    fail(op, ": got input ", x, " and ", g.text(), "; expected a padded picture that holds the kernel; pad more");
  return {x[0], x[1], x[2], x[3], P, Q, g.fitted(x[2], x[3])};
}
Windows on_small(const char* op, const Shape& y, const Geometry& g) {  // y (N, C, P, Q)
  check_pictures(op, y);
  check_geometry(op, g);
  const Index H = g.height(y[2]), W = g.width(y[3]);
  if (H < 1 || W < 1)
    fail(op, ": got input ", y, " and ", g.text(), "; expected an output of at least 1 x 1; pad less");
  return {y[0], y[1], H, W, y[2], y[3], g};
}
void check_taps(const char* op, const Windows& k, const Tensor& taps) {
  if (taps.shape() != k.small())
    fail(op, ": got taps ", taps.shape(), "; expected ", k.small(), ", one for each window");
  const Index count = k.g.kernel_h * k.g.kernel_w;
  for (Index i = 0; i < taps.size(); ++i)
    if (!(taps[i] >= 0 && taps[i] < count))
      fail(op, ": got tap ", taps[i], "; expected a whole number from 0 to ", count - 1, " for ", k.g.text());
}

}  // namespace

Var window_sum(Var x, Geometry geometry) {
  const Windows k = on_big("window_sum", x.shape(), geometry);
  Var y = kernels::window_sum(k, x.value());
  return apply("window_sum", y, {x}, {[k](Var g) { return window_spread(g, k.g); }});
}
Var window_spread(Var y, Geometry geometry) {
  const Windows k = on_small("window_spread", y.shape(), geometry);
  Var x = kernels::window_spread(k, y.value());
  return apply("window_spread", x, {y}, {[k](Var g) { return window_sum(g, k.g); }});
}

Var window_take(Var x, Tensor taps, Geometry geometry) {
  const Windows k = on_big("window_take", x.shape(), geometry);
  check_taps("window_take", k, taps);
  const Var t = taps;
  Var y = kernels::window_take(k, x.value(), taps);
  return apply("window_take", y, {x, t}, {{reads(t), [k](Var g, Var t) { return window_put(g, t.value(), k.g); }}, {}});
}
Var window_put(Var y, Tensor taps, Geometry geometry) {
  const Windows k = on_small("window_put", y.shape(), geometry);
  check_taps("window_put", k, taps);
  const Var t = taps;
  Var x = kernels::window_put(k, y.value(), taps);
  return apply("window_put", x, {y, t}, {{reads(t), [k](Var g, Var t) { return window_take(g, t.value(), k.g); }}, {}});
}

Var avg_pool2d(Var x, Geometry geometry, bool count_padding) {
  const Windows k = on_big("avg_pool2d", x.shape(), geometry);
  const Var sums = window_sum(std::move(x), geometry);
  if (count_padding) return sums / static_cast<Real>(k.g.kernel_h * k.g.kernel_w);
  return sums / window_sum(Tensor({1, 1, k.H, k.W}, 1), geometry);  // by how many pixels are under each window
}

Var max_pool2d(Var x, Geometry geometry) {
  const Windows k = on_big("max_pool2d", x.shape(), geometry);
  const Tensor largest = kernels::window_argmax(k, x.value());
  return window_take(std::move(x), largest, geometry);
}

Var global_avg_pool(Var x) {
  check_pictures("global_avg_pool", x.shape());
  return mean(std::move(x), {2, 3});
}

Var upsample(Var x, Index fy, Index fx) {
  const Shape& shape = x.shape();
  check_pictures("upsample", shape);
  if (fy < 1 || fx < 1) fail("upsample: got factors ", fy, " and ", fx, "; expected 1 or more of each");
  const Index N = shape[0], C = shape[1], H = shape[2], W = shape[3];
  return reshape(broadcast_to(reshape(std::move(x), {N * C, H, 1, W, 1}), {N * C, H, fy, W, fx}),
                 {N, C, H * fy, W * fx});
}

}  // namespace tapestry
