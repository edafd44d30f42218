#include "layers/linear.hpp"

#include "autograd/error.hpp"

namespace tapestry {

namespace {

Tensor initial_weight(const Shape& input, const LinearOptions& options, Random random) {
  if (input.rank() != 2) fail("linear: got ", input, "; expected (N, F); put a flatten layer before it");
  if (options.features < 1)
    fail("linear: got ", options.features, " features; expected 1 or more; say how many outputs it has");
  return options.weight_initializer({options.features, input[1]}, input[1], options.features, random("weight"));
}

}  // namespace

Linear::Linear(const Shape& input, LinearOptions options, Random random)
    : weight_(parameter("weight", initial_weight(input, options, random))), bias_(nullptr) {
  const Index F = options.features;
  if (options.bias) bias_ = &parameter("bias", options.bias_initializer({F}, F, F, random("bias")));
}

Var Linear::rectified(const Pass& pass, Var x, Real slope) {
  output_shape(x.shape());
  Var weight = pass.weight(weight_);
  if (bias_) return linear(std::move(x), weight, pass.weight(*bias_), slope);
  return leaky_relu(matmul(std::move(x), weight, Product::abT), slope);
}

Shape Linear::output_shape(const Shape& input) const {
  const Index F = weight_.shape()[1];
  if (input.rank() != 2)
    fail("linear: got ", input, "; expected (N, F) with F = ", F, "; put a flatten layer before it");
  if (input[1] != F)
    fail("linear: got ", input, "; expected (N, F) with F = ", F, "; give the layer before it ", F, " features");
  return {input[0], weight_.shape()[0]};
}

double Linear::multiply_adds(const Shape& input) const { return double(input[0]) * weight_.shape().size(); }

}  // namespace tapestry
