// Linear: every output is a weighted sum of all inputs, plus a bias.
#pragma once
#include "layers/initializers.hpp"
#include "layers/layer.hpp"

namespace tapestry {

struct LinearOptions {
  Index features = 0;  // of the output; 1 or more
  bool bias = true;
  Initializer weight_initializer = glorot_uniform(), bias_initializer = constant(0);
};

// y = x w^T + b:  (N, in) -> (N, features), with w (features, in) and b (features).
class Linear : public Layer {
 public:
  Linear(const Shape& input, LinearOptions options, Random random);  // input (N, in); N does not matter

  Var operator()(const Pass& pass, Var x) final { return rectified(pass, std::move(x), 1); }
  bool rectifies() const override { return bias_ != nullptr; }
  Var rectified(const Pass& pass, Var x, Real slope) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "linear"; }
  double multiply_adds(const Shape& input) const override;

 private:
  Parameter& weight_;
  Parameter* bias_;  // null if it has none
};

}  // namespace tapestry
