#include "layers/layer_norm.hpp"

#include "autograd/error.hpp"

namespace tapestry {

namespace {

Shape sample_of(const Shape& input) {
  if (input.rank() < 2)
    fail("layer_norm: got ", input, "; expected (N, ...) with 2 axes or more; the first one counts the samples");
  return Shape(input.begin() + 1, input.end());
}

Tensor initial(const Initializer& initializer, const Shape& input, Random random) {
  const Shape sample = sample_of(input);
  return initializer(sample, sample.size(), sample.size(), random);
}

}  // namespace

LayerNorm::LayerNorm(const Shape& input, LayerNormOptions options, Random random)
    : epsilon_(options.epsilon),
      gamma_(parameter("weight", initial(options.gamma_initializer, input, random("weight")))),
      beta_(parameter("bias", initial(options.beta_initializer, input, random("bias")))) {
  if (!(epsilon_ > 0))
    fail("layer_norm: got an epsilon of ", epsilon_, "; expected more than 0; Keras has 0.001, PyTorch 0.00001");
}

Var LayerNorm::operator()(const Pass& pass, Var x) {
  output_shape(x.shape());
  return layer_norm(std::move(x), pass.weight(gamma_), pass.weight(beta_), epsilon_);
}

Shape LayerNorm::output_shape(const Shape& input) const {
  if (sample_of(input) != gamma_.shape())
    fail("layer_norm: got ", input, "; expected samples of shape ", gamma_.shape(),
         "; it is made for pictures of one size");
  return input;
}

}  // namespace tapestry
