#include "layers/conv2d.hpp"

#include "autograd/error.hpp"

namespace tapestry {

namespace {

Tensor initial_weight(Index C, const ConvOptions& options, Random random) {
  const Index O = options.channels, R = options.kernel_h, S = options.kernel_w;
  return options.weight_initializer({O, C, R, S}, C * R * S, O * R * S, random("weight"));
}

}  // namespace

Conv2d::Conv2d(const Shape& input, ConvOptions options, Random random)
    : windows_(windows_of("conv2d", options)),
      same_(options.padding.same),
      weight_(parameter("weight", initial_weight(check_pictures("conv2d", input), options, random))),
      bias_(nullptr) {
  const Index O = options.channels;
  if (options.bias) bias_ = &parameter("bias", options.bias_initializer({O}, O, O, random("bias")));
}

Var Conv2d::rectified(const Pass& pass, Var x, Real slope) {
  const Geometry windows = geometry(x.shape());
  Var weight = pass.weight(weight_);
  return bias_ ? conv2d(std::move(x), weight, pass.weight(*bias_), windows, slope)
               : conv2d(std::move(x), weight, windows, slope);
}

Geometry Conv2d::geometry(const Shape& input) const {
  check_pictures("conv2d", input, weight_.shape()[1]);
  return windows_on("conv2d", input, windows_, same_);
}

Shape Conv2d::output_shape(const Shape& input) const {
  const Geometry windows = geometry(input);
  return {input[0], weight_.shape()[0], windows.windows_h(input[2]), windows.windows_w(input[3])};
}

// Each of the N O P Q outputs adds up C R S products.
double Conv2d::multiply_adds(const Shape& input) const {
  const Shape& w = weight_.shape();
  return double(output_shape(input).size()) * w[1] * w[2] * w[3];
}

}  // namespace tapestry
