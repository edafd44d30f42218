// How the windows of a convolution lie: kernel, stride and padding of each side.
#pragma once
#include <string>

#include "autograd/shape.hpp"

namespace tapestry {

// Window p of a convolution reads rows p stride_h - top ... p stride_h - top + kernel_h - 1 of the big picture; rows
// outside it are zeros. A transposed convolution writes there. Negative padding at the bottom or right leaves rows that
// no window reaches: zeros (or bias only) in what a transposed convolution writes.
struct Geometry {
  int kernel_h = 1, kernel_w = 1;
  int stride_h = 1, stride_w = 1;
  int top = 0, bottom = 0, left = 0, right = 0;

  // The same padding on all sides, as PyTorch has it. output_padding is for transposed convolutions.
  static Geometry square(int kernel, int stride = 1, int padding = 0, int output_padding = 0);

  // TensorFlow's `same`: ceil(H / stride) windows, the odd pixel of padding at the bottom and right.
  static Geometry same(int kernel_h, int kernel_w, int stride_h, int stride_w, Index H, Index W);
  // TensorFlow's `same` for transposed convolutions: the output is stride times as large as the input.
  static Geometry same_transposed(int kernel_h, int kernel_w, int stride_h, int stride_w);

  // How many windows fit on a big picture; how large the big picture under so many windows is.
  Index windows_h(Index H) const { return windows(H + top + bottom, kernel_h, stride_h); }
  Index windows_w(Index W) const { return windows(W + left + right, kernel_w, stride_w); }
  Index height(Index P) const { return (P - 1) * stride_h + kernel_h - top - bottom; }
  Index width(Index Q) const { return (Q - 1) * stride_w + kernel_w - left - right; }

  // The same windows on a picture of H x W, with bottom and right such that height() and width() give H and W again.
  Geometry fitted(Index H, Index W) const;

  std::string text() const;  // kernel 4x4, stride 2x2, padding 1 1 1 1 (top bottom left right)
  bool operator==(const Geometry&) const = default;

 private:
  static Index windows(Index padded, int kernel, int stride) {
    return padded < kernel ? 0 : (padded - kernel) / stride + 1;
  }
};

}  // namespace tapestry
