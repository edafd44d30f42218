#include "layers/embedding.hpp"

#include "autograd/error.hpp"

namespace tapestry {

namespace {

void check_input(const Shape& input) {
  if (input.rank() != 1 && !(input.rank() == 2 && input[1] == 1))
    fail("embedding: got ", input, "; expected (N, 1) or (N), a class number for each sample");
}

Tensor initial_weight(const Shape& input, const EmbeddingOptions& options, Random random) {
  check_input(input);
  const Index K = options.classes, F = options.features;
  if (K < 1 || F < 1)
    fail("embedding: got ", K, " classes and ", F, " features; expected 1 or more of each; say how many there are");
  return options.weight_initializer({K, F}, K, F, random("weight"));
}

}  // namespace

Embedding::Embedding(const Shape& input, EmbeddingOptions options, Random random)
    : weight_(parameter("weight", initial_weight(input, options, random))) {}

Var Embedding::operator()(const Pass& pass, Var x) {
  check_input(x.shape());
  return embedding(pass.weight(weight_), x.value().reshaped({x.shape()[0]}));
}

Shape Embedding::output_shape(const Shape& input) const {
  check_input(input);
  return {input[0], weight_.shape()[1]};
}

}  // namespace tapestry
