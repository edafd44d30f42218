#include "layers/pooling.hpp"

#include <algorithm>

#include "autograd/error.hpp"

namespace tapestry {

namespace {

Geometry windows_of_pool(const char* layer, const PoolOptions& o) {
  const Padding& p = o.padding;
  const Geometry windows = check_windows(layer, 1,
                                         {o.kernel_h, o.kernel_w, o.stride_h ? o.stride_h : o.kernel_h,
                                          o.stride_w ? o.stride_w : o.kernel_w, p.top, p.bottom, p.left, p.right},
                                         p.same);
  if (std::max(p.top, p.bottom) >= o.kernel_h || std::max(p.left, p.right) >= o.kernel_w)
    fail(layer, ": got a padding of ", std::max({p.top, p.bottom, p.left, p.right}), " and a kernel of ", o.kernel_h,
         "x", o.kernel_w, "; expected less padding than kernel, so that there is a pixel under each window; pad less");
  return windows;
}

}  // namespace

Pool2d::Pool2d(const char* kind, const PoolOptions& options)
    : kind_(kind), windows_(windows_of_pool(kind, options)), same_(options.padding.same) {}

Geometry Pool2d::geometry(const Shape& input) const {
  check_pictures(kind_, input);
  return windows_on(kind_, input, windows_, same_);
}

Shape Pool2d::output_shape(const Shape& input) const {
  const Geometry windows = geometry(input);
  return {input[0], input[1], windows.windows_h(input[2]), windows.windows_w(input[3])};
}

Var AvgPool2d::operator()(const Pass&, Var x) {
  const Geometry windows = geometry(x.shape());
  return avg_pool2d(std::move(x), windows, count_padding_);
}

Var MaxPool2d::operator()(const Pass&, Var x) {
  const Geometry windows = geometry(x.shape());
  return max_pool2d(std::move(x), windows);
}

Var GlobalAvgPool::operator()(const Pass&, Var x) {
  output_shape(x.shape());
  return global_avg_pool(std::move(x));
}

Shape GlobalAvgPool::output_shape(const Shape& input) const {
  check_pictures("global_avg_pool", input);
  return {input[0], input[1]};
}

Upsample::Upsample(int fy, int fx) : fy_(fy), fx_(fx) {
  if (fy < 1 || fx < 1)
    fail("upsample: got a factor of ", fy, "x", fx, "; expected 1x1 or more; 2 doubles height and width");
}

Var Upsample::operator()(const Pass&, Var x) {
  output_shape(x.shape());
  return upsample(std::move(x), fy_, fx_);
}

Shape Upsample::output_shape(const Shape& input) const {
  check_pictures("upsample", input);
  return {input[0], input[1], input[2] * fy_, input[3] * fx_};
}

}  // namespace tapestry
