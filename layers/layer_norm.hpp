// LayerNorm: every sample is brought to mean 0 and variance 1 by itself, then scaled and shifted.
#pragma once
#include "layers/initializers.hpp"
#include "layers/layer.hpp"

namespace tapestry {

struct LayerNormOptions {
  double epsilon = 1e-5;  // added to the variance; more than 0
  Initializer gamma_initializer = constant(1), beta_initializer = constant(0);
};

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, over all axes of x but the first; gamma and beta have the
// shape of one sample, as in PyTorch: (F) for rows (N, F), (C, H, W) for pictures. The variance is the biased one. The
// same in training and evaluation. Ba, Kiros and Hinton, "Layer normalization", 2016.
class LayerNorm : public Layer {
 public:
  LayerNorm(const Shape& input, LayerNormOptions options, Random random);  // input (N, ...); N does not matter

  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "layer_norm"; }

 private:
  double epsilon_;
  Parameter &gamma_, &beta_;
};

}  // namespace tapestry
