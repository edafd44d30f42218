// Flatten and Reshape: the same numbers in the same order, seen in another shape.
#pragma once
#include "layers/layer.hpp"

namespace tapestry {

// (N, ...) -> (N, F). Pictures are laid out channel by channel, as in PyTorch; Keras goes pixel by pixel.
class Flatten : public Layer {
 public:
  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "flatten"; }
};

// (N, ...) -> (N, shape of one sample): Reshape({128, 7, 7}) makes pictures of rows of 6272 numbers.
class Reshape : public Layer {
 public:
  explicit Reshape(Shape sample) : sample_(sample) {}

  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "reshape"; }

 private:
  Shape sample_;
};

}  // namespace tapestry
