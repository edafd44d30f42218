#include "layers/conv_transpose2d.hpp"

#include <algorithm>

#include "autograd/error.hpp"

namespace tapestry {

namespace {

Geometry geometry_of(const ConvTransposeOptions& options) {
  Geometry geometry = windows_of("conv_transpose2d", options);
  const int extra = options.output_padding, stride = std::min(options.stride_h, options.stride_w);
  if (extra < 0 || extra >= stride)
    fail("conv_transpose2d: got an output_padding of ", extra, "; expected 0 to ", stride - 1,
         ", less than the stride; more rows come with a larger kernel");
  if (options.padding.same && extra > 0)
    fail("conv_transpose2d: got padding `same` and an output_padding of ", extra,
         "; expected one of them; give the padding in numbers");
  if (options.padding.same)
    return Geometry::same_transposed(options.kernel_h, options.kernel_w, options.stride_h, options.stride_w);
  geometry.bottom -= extra;
  geometry.right -= extra;
  return geometry;
}

// Keras and PyTorch count the fans of this weight as if it were that of the convolution: fan_in = C R S.
Tensor initial_weight(Index O, const ConvTransposeOptions& options, Random random) {
  const Index C = options.channels, R = options.kernel_h, S = options.kernel_w;
  return options.weight_initializer({O, C, R, S}, C * R * S, O * R * S, random("weight"));
}

}  // namespace

ConvTranspose2d::ConvTranspose2d(const Shape& input, ConvTransposeOptions options, Random random)
    : geometry_(geometry_of(options)),
      weight_(parameter("weight", initial_weight(check_pictures("conv_transpose2d", input), options, random))),
      bias_(nullptr) {
  const Index C = options.channels;
  if (options.bias) bias_ = &parameter("bias", options.bias_initializer({C}, C, C, random("bias")));
}

Var ConvTranspose2d::rectified(const Pass& pass, Var x, Real slope) {
  output_shape(x.shape());
  Var weight = pass.weight(weight_);
  return bias_ ? conv_transpose2d(std::move(x), weight, pass.weight(*bias_), geometry_, slope)
               : conv_transpose2d(std::move(x), weight, geometry_, slope);
}

Shape ConvTranspose2d::output_shape(const Shape& input) const {
  check_pictures("conv_transpose2d", input, weight_.shape()[0]);
  const Index H = geometry_.height(input[2]), W = geometry_.width(input[3]);
  if (H < 1 || W < 1)
    fail("conv_transpose2d: got ", input, ", which gives ", H, "x", W, " pixels; expected at least 1x1; ",
         "take less padding or a larger kernel");
  return {input[0], weight_.shape()[1], H, W};
}

// Each of the N O P Q inputs is multiplied by C R S weights.
double ConvTranspose2d::multiply_adds(const Shape& input) const {
  const Shape& w = weight_.shape();
  return double(input.size()) * w[1] * w[2] * w[3];
}

}  // namespace tapestry
