#include "autograd/convolution_geometry.hpp"

#include <algorithm>

namespace tapestry {

Geometry Geometry::square(int kernel, int stride, int padding, int output_padding) {
  const int end = padding - output_padding;
  return {kernel, kernel, stride, stride, padding, end, padding, end};
}

namespace {
int same_padding(int kernel, int stride, Index length) {  // before and after together
  const Index windows = (length + stride - 1) / stride;
  return static_cast<int>(std::max<Index>((windows - 1) * stride + kernel - length, 0));
}
}  // namespace

Geometry Geometry::same(int kernel_h, int kernel_w, int stride_h, int stride_w, Index H, Index W) {
  const int h = same_padding(kernel_h, stride_h, H), w = same_padding(kernel_w, stride_w, W);
  return {kernel_h, kernel_w, stride_h, stride_w, h / 2, h - h / 2, w / 2, w - w / 2};
}

Geometry Geometry::same_transposed(int kernel_h, int kernel_w, int stride_h, int stride_w) {
  const int h = kernel_h - stride_h, w = kernel_w - stride_w;  // cropped; if negative, missing at the end
  const int top = std::max(h, 0) / 2, left = std::max(w, 0) / 2;
  return {kernel_h, kernel_w, stride_h, stride_w, top, h - top, left, w - left};
}

Geometry Geometry::fitted(Index H, Index W) const {
  Geometry g = *this;
  g.bottom = static_cast<int>((windows_h(H) - 1) * stride_h + kernel_h - top - H);
  g.right = static_cast<int>((windows_w(W) - 1) * stride_w + kernel_w - left - W);
  return g;
}

std::string Geometry::text() const {
  auto number = [](int n) { return std::to_string(n); };
  return "kernel " + number(kernel_h) + "x" + number(kernel_w) + ", stride " + number(stride_h) + "x" +
         number(stride_w) + ", padding " + number(top) + " " + number(bottom) + " " + number(left) + " " +
         number(right) + " (top bottom left right)";
}

}  // namespace tapestry
