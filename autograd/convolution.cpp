// Convolution and transposed convolution: one trilinear form with three faces,
//
//   <g, conv2d(x, w)>  =  <x, conv_transpose2d(g, w)>  =  <w, conv2d_weight_gradient(x, g)>
//
// so each rule is one of the other two. x is the big picture (N, C, H, W), g the small one (N, O, P, Q), w (O, C, R,
// S).
#include "autograd/kernels/convolution.hpp"

#include "autograd/error.hpp"
#include "autograd/ops.hpp"
#include "autograd/rectified.hpp"
#include "autograd/rule.hpp"

namespace tapestry {
namespace {

using kernels::Convolution;

void check_geometry(const char* op, const Geometry& g) {
  if (g.kernel_h < 1 || g.kernel_w < 1 || g.stride_h < 1 || g.stride_w < 1 || g.top < 0 || g.left < 0)
    fail(op, ": got ", g.text(),
         "; expected a kernel and a stride of 1 or more, and no negative padding at the top or left");
}
void check_weight(const char* op, const Shape& x, const Shape& w, const Geometry& g, int matching_axis) {
  if (x.rank() != 4 || w.rank() != 4 || x[1] != w[matching_axis] || w[2] != g.kernel_h || w[3] != g.kernel_w)
    fail(op, ": got input ", x, " and weight ", w, " for ", g.text(), "; expected (N, ",
         matching_axis == 1 ? "C, H, W) and (O, C, R, S) with the same C" : "O, P, Q) and (O, C, R, S) with the same O",
         " and the kernel's R and S");
}
void check_bias(const char* op, const Shape& bias, Index channels) {
  if (bias != Shape{channels})
    fail(op, ": got a bias of shape ", bias, "; expected (", channels, "), one for each channel");
}

// The convolution from a big picture: its windows are counted and the geometry fitted to it.
Convolution onto_small(const char* op, const Shape& x, Index O, const Geometry& g) {
  check_geometry(op, g);
  const Index P = g.windows_h(x[2]), Q = g.windows_w(x[3]);
  if (P < 1 || Q < 1)
    fail(op, ": got input ", x, " and ", g.text(), "; expected a padded picture that holds the kernel; pad more");
  return {x[0], x[1], x[2], x[3], O, P, Q, g.fitted(x[2], x[3])};
}
// The convolution whose small picture is given.
Convolution onto_big(const char* op, const Shape& y, Index C, const Geometry& g) {
  check_geometry(op, g);
  const Index H = g.height(y[2]), W = g.width(y[3]);
  if (H < 1 || W < 1)
    fail(op, ": got input ", y, " and ", g.text(), "; expected an output of at least 1 x 1; pad less");
  return {y[0], C, H, W, y[1], y[2], y[3], g};
}

// A bias is added by the kernel while the result is hot; its rule adds g up.
Shape per_channel(Index channels) { return {channels, 1, 1}; }
Var bias_gradient(Var g) { return reshape(sum_to(g, per_channel(g.shape()[1])), {g.shape()[1]}); }

}  // namespace

Var conv2d(Var x, Var w, Geometry geometry, Real slope) {
  check_weight("conv2d", x.shape(), w.shape(), geometry, 1);
  const Convolution k = onto_small("conv2d", x.shape(), w.shape()[0], geometry);
  const Rectified rectified("conv2d", slope, k.small(), {x, w});
  Var y = kernels::gather(k, x.value(), w.value(), {nullptr, rectified.in_kernel()});
  y = apply("conv2d", y, {x, w},
            {
                {reads(w), [g = k.g](Var dy, Var w) { return conv_transpose2d(dy, w, g); }},
                {reads(x), [g = k.g](Var dy, Var x) { return conv2d_weight_gradient(x, dy, g); }},
            });
  return rectified(std::move(y));
}
Var conv2d(Var x, Var w, Var bias, Geometry geometry, Real slope) {
  check_weight("conv2d", x.shape(), w.shape(), geometry, 1);
  check_bias("conv2d", bias.shape(), w.shape()[0]);
  const Convolution k = onto_small("conv2d", x.shape(), w.shape()[0], geometry);
  const Rectified rectified("conv2d", slope, k.small(), {x, w, bias});
  Var y = kernels::gather(k, x.value(), w.value(), {bias.value().data(), rectified.in_kernel()});
  y = apply("conv2d", y, {x, w, bias},
            {
                {reads(w), [g = k.g](Var dy, Var w) { return conv_transpose2d(dy, w, g); }},
                {reads(x), [g = k.g](Var dy, Var x) { return conv2d_weight_gradient(x, dy, g); }},
                [](Var dy) { return bias_gradient(dy); },
            });
  return rectified(std::move(y));
}
Var conv_transpose2d(Var x, Var w, Geometry geometry, Real slope) {
  check_weight("conv_transpose2d", x.shape(), w.shape(), geometry, 0);
  const Convolution k = onto_big("conv_transpose2d", x.shape(), w.shape()[1], geometry);
  const Rectified rectified("conv_transpose2d", slope, k.big(), {x, w});
  Var y = kernels::scatter(k, x.value(), w.value(), {nullptr, rectified.in_kernel()});
  y = apply("conv_transpose2d", y, {x, w},
            {
                {reads(w), [g = k.g](Var dy, Var w) { return conv2d(dy, w, g); }},
                {reads(x), [g = k.g](Var dy, Var x) { return conv2d_weight_gradient(dy, x, g); }},
            });
  return rectified(std::move(y));
}
Var conv_transpose2d(Var x, Var w, Var bias, Geometry geometry, Real slope) {
  check_weight("conv_transpose2d", x.shape(), w.shape(), geometry, 0);
  check_bias("conv_transpose2d", bias.shape(), w.shape()[1]);
  const Convolution k = onto_big("conv_transpose2d", x.shape(), w.shape()[1], geometry);
  const Rectified rectified("conv_transpose2d", slope, k.big(), {x, w, bias});
  Var y = kernels::scatter(k, x.value(), w.value(), {bias.value().data(), rectified.in_kernel()});
  y = apply("conv_transpose2d", y, {x, w, bias},
            {
                {reads(w), [g = k.g](Var dy, Var w) { return conv2d(dy, w, g); }},
                {reads(x), [g = k.g](Var dy, Var x) { return conv2d_weight_gradient(dy, x, g); }},
                [](Var dy) { return bias_gradient(dy); },
            });
  return rectified(std::move(y));
}
Var conv2d_weight_gradient(Var x, Var g, Geometry geometry) {  // y is a weight
  const Shape &xs = x.shape(), &gs = g.shape();
  if (xs.rank() != 4 || gs.rank() != 4 || xs[0] != gs[0])
    fail("conv2d_weight_gradient: got ", xs, " and ", gs, "; expected (N, C, H, W) and (N, O, P, Q) with the same N");
  const Convolution k = onto_small("conv2d_weight_gradient", xs, gs[1], geometry);
  if (gs != k.small())
    fail("conv2d_weight_gradient: got ", xs, " and ", gs, " for ", geometry.text(), "; expected ", k.small(), " there");
  Var y = kernels::weight_gradient(k, x.value(), g.value());
  return apply("conv2d_weight_gradient", y, {x, g},
               {
                   {reads(g), [k = k.g](Var dw, Var g) { return conv_transpose2d(g, dw, k); }},
                   {reads(x), [k = k.g](Var dw, Var x) { return conv2d(x, dw, k); }},
               });
}

}  // namespace tapestry
