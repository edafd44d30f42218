// What the convolution layers and the pooling layers share: options, and the checks of options and input.
#pragma once
#include "autograd/convolution_geometry.hpp"
#include "layers/initializers.hpp"

namespace tapestry {

// `same`: as many pixels as the input has, divided (transposed: multiplied) by the stride, as TensorFlow defines it.
// Otherwise the zeros on each side of the big picture, as PyTorch counts them.
struct Padding {
  bool same = true;
  int top = 0, bottom = 0, left = 0, right = 0;  // 0 or more; only if not `same`
};

struct ConvOptions {
  Index channels = 0;  // of the output; 1 or more
  int kernel_h = 0, kernel_w = 0;
  int stride_h = 1, stride_w = 1;
  Padding padding{};
  bool bias = true;
  Initializer weight_initializer = glorot_uniform(), bias_initializer = constant(0);
};

struct ConvTransposeOptions {
  Index channels = 0;
  int kernel_h = 0, kernel_w = 0;
  int stride_h = 1, stride_w = 1;
  Padding padding{};
  int output_padding = 0;  // rows and columns added at the bottom and right; less than the stride, and not with `same`
  bool bias = true;
  Initializer weight_initializer = glorot_uniform(), bias_initializer = constant(0);
};

// The channels of pictures (N, C, H, W); an error in the name of the layer if `input` is something else, or if it has
// other than C channels (0: any).
Index check_pictures(const char* layer, const Shape& input, Index C = 0);

// Kernel, stride and explicit padding; an error in the name of the layer if they, or the channels, make no sense.
Geometry check_windows(const char* layer, Index channels, Geometry windows, bool same);

// How these windows lie on pictures (N, C, H, W); an error in the name of the layer if there is no room for one. `same`
// depends on the picture.
Geometry windows_on(const char* layer, const Shape& input, const Geometry& windows, bool same);

template <class Options>
Geometry windows_of(const char* layer, const Options& o) {
  const Padding& p = o.padding;
  return check_windows(layer, o.channels,
                       {o.kernel_h, o.kernel_w, o.stride_h, o.stride_w, p.top, p.bottom, p.left, p.right}, p.same);
}

}  // namespace tapestry
