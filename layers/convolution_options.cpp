#include "layers/convolution_options.hpp"

#include <algorithm>

#include "autograd/error.hpp"

namespace tapestry {

Index check_pictures(const char* layer, const Shape& input, Index C) {
  const std::string expected = C ? "(N, C, H, W) with C = " + std::to_string(C) : "(N, C, H, W)";
  if (input.rank() != 4) fail(layer, ": got ", input, "; expected ", expected, "; put a reshape layer before it");
  if (C && input[1] != C)
    fail(layer, ": got ", input, "; expected ", expected, "; give the layer before it ", C, " channels");
  return input[1];
}

Geometry check_windows(const char* layer, Index channels, Geometry windows, bool same) {
  const auto [kernel_h, kernel_w, stride_h, stride_w, top, bottom, left, right] = windows;
  if (channels < 1) fail(layer, ": got ", channels, " channels; expected 1 or more; say how many the output has");
  if (std::min(kernel_h, kernel_w) < 1)
    fail(layer, ": got a kernel of ", kernel_h, "x", kernel_w, "; expected 1x1 or more; say how large it is");
  if (std::min(stride_h, stride_w) < 1)
    fail(layer, ": got a stride of ", stride_h, "x", stride_w, "; expected 1x1 or more; 1 goes pixel by pixel");
  const auto [least, most] = std::minmax({top, bottom, left, right});
  if (least < 0) fail(layer, ": got a padding of ", least, "; expected 0 or more; crop with the slice operation");
  if (same && most > 0)
    fail(layer, ": got padding `same` and a padding of ", most, "; expected one of them; leave one out");
  return windows;
}

Geometry windows_on(const char* layer, const Shape& input, const Geometry& windows, bool same) {
  const auto& [kernel_h, kernel_w, stride_h, stride_w, top, bottom, left, right] = windows;
  const Index H = input[2], W = input[3];
  if (same) return Geometry::same(kernel_h, kernel_w, stride_h, stride_w, H, W);
  if (windows.windows_h(H) < 1 || windows.windows_w(W) < 1)
    fail(layer, ": got ", input, ", with padding ", H + top + bottom, "x", W + left + right,
         "; expected at least the kernel's ", kernel_h, "x", kernel_w, "; take a smaller kernel or more padding");
  return windows;
}

}  // namespace tapestry
