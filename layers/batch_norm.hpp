// BatchNorm: every channel is brought to mean 0 and variance 1 over the batch, then scaled and shifted.
#pragma once
#include "layers/initializers.hpp"
#include "layers/layer.hpp"

namespace tapestry {

struct BatchNormOptions {
  double momentum = 0.99;  // the share of the old statistics that is kept, in [0, 1]; PyTorch calls 1 - that momentum
  double epsilon = 1e-3;   // added to the variance; more than 0
  bool unbiased_running_variance = false;  // PyTorch remembers sum / (n - 1), Keras sum / n
  Initializer gamma_initializer = constant(1), beta_initializer = constant(0);
};

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, on (N, C) or (N, C, H, W); gamma, beta, mean, variance (C).
// Training takes mean and (biased) variance of the batch, evaluation the running ones, which training keeps up:
//     running = momentum running + (1 - momentum) batch
// Ioffe and Szegedy, "Batch normalization", 2015. Parameters and buffers have the names of PyTorch: weight, bias,
// running_mean, running_var.
class BatchNorm : public Layer {
 public:
  BatchNorm(const Shape& input, BatchNormOptions options, Random random);  // only C of the input matters

  Var operator()(const Pass& pass, Var x) final { return rectified(pass, std::move(x), 1); }
  bool rectifies() const override { return true; }
  Var rectified(const Pass& pass, Var x, Real slope) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "batch_norm"; }

 private:
  Var with_running_statistics(const Pass& pass, Var x);
  void remember(const Tensor& mean, const Tensor& variance, Index count);

  double momentum_, epsilon_;
  bool unbiased_running_variance_;
  Parameter &gamma_, &beta_;
  Buffer &running_mean_, &running_variance_;
};

}  // namespace tapestry
