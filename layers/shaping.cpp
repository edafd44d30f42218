#include "layers/shaping.hpp"

#include "autograd/error.hpp"

namespace tapestry {

Var Flatten::operator()(const Pass&, Var x) {
  const Shape shape = output_shape(x.shape());
  return reshape(std::move(x), shape);
}

Shape Flatten::output_shape(const Shape& input) const {
  if (input.rank() < 2)
    fail("flatten: got ", input, "; expected (N, ...) with 2 axes or more; the first one counts the samples");
  return {input[0], input.size() / input[0]};
}

Var Reshape::operator()(const Pass&, Var x) {
  const Shape shape = output_shape(x.shape());
  return reshape(std::move(x), shape);
}

Shape Reshape::output_shape(const Shape& input) const {
  if (input.rank() < 1) fail("reshape: got ", input, "; expected (N, ...); the first axis counts the samples");
  const Index numbers = input.size() / input[0];
  if (numbers != sample_.size())
    fail("reshape: got ", input, ", ", numbers, " numbers a sample; expected ", sample_.size(), " for ", sample_,
         "; give the layer before it as many outputs");
  Shape output{input[0]};
  for (Index length : sample_) output.append(length);
  return output;
}

}  // namespace tapestry
