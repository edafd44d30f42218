#include "layers/batch_norm.hpp"

#include "autograd/error.hpp"

namespace tapestry {

namespace {

Index channels_of(const Shape& input) {
  if (input.rank() != 2 && input.rank() != 4)
    fail("batch_norm: got ", input, "; expected (N, C) or (N, C, H, W); put a flatten or reshape layer before it");
  return input[1];
}

// (C), in a shape that is broadcast along C of an x (N, C) or (N, C, H, W)
Var per_channel(Var v, const Shape& x) { return x.rank() == 2 ? v : reshape(v, {v.shape()[0], 1, 1}); }

}  // namespace

BatchNorm::BatchNorm(const Shape& input, BatchNormOptions options, Random random)
    : momentum_(options.momentum),
      epsilon_(options.epsilon),
      unbiased_running_variance_(options.unbiased_running_variance),
      gamma_(
          parameter("weight", options.gamma_initializer({channels_of(input)}, input[1], input[1], random("weight")))),
      beta_(parameter("bias", options.beta_initializer({input[1]}, input[1], input[1], random("bias")))),
      running_mean_(buffer("running_mean", Tensor({input[1]}, 0))),
      running_variance_(buffer("running_var", Tensor({input[1]}, 1))) {
  if (!(momentum_ >= 0 && momentum_ <= 1))
    fail("batch_norm: got a momentum of ", momentum_, "; expected 0 to 1; it is the share of the old that is kept");
  if (!(epsilon_ > 0))
    fail("batch_norm: got an epsilon of ", epsilon_, "; expected more than 0; Keras has 0.001, PyTorch 0.00001");
}

Var BatchNorm::rectified(const Pass& pass, Var x, Real slope) {
  const Shape shape = output_shape(x.shape());
  if (pass.mode == Mode::evaluation) return leaky_relu(with_running_statistics(pass, std::move(x)), slope);
  BatchNormed normed = batch_norm(std::move(x), pass.weight(gamma_), pass.weight(beta_), epsilon_, slope);
  if (pass.update_running_statistics) remember(normed.mean, normed.variance, shape.size() / shape[1]);
  return normed.y;
}

Var BatchNorm::with_running_statistics(const Pass& pass, Var x) {
  const Shape shape = x.shape();
  Var scale = pass.weight(gamma_) / sqrt(pass.constant(running_variance_) + epsilon_);
  Var centred = std::move(x) - per_channel(pass.constant(running_mean_), shape);
  return std::move(centred) * per_channel(scale, shape) + per_channel(pass.weight(beta_), shape);
}

// mean and (biased) variance of a batch that has `count` numbers in each channel
void BatchNorm::remember(const Tensor& mean, const Tensor& variance, Index count) {
  if (unbiased_running_variance_ && count < 2)
    fail("batch_norm: got 1 number a channel; expected 2 or more for an unbiased variance; take a larger batch");
  const double factor = unbiased_running_variance_ ? count / (count - 1.0) : 1;
  const double kept = momentum_, added = 1 - momentum_;
  running_mean_.update([&](Tensor old) { return (kept * Var(old) + added * Var(mean)).value(); });
  running_variance_.update([&](Tensor old) { return (kept * Var(old) + added * factor * Var(variance)).value(); });
}

Shape BatchNorm::output_shape(const Shape& input) const {
  const Index C = gamma_.shape()[0];
  if (channels_of(input) != C)
    fail("batch_norm: got ", input, "; expected (N, C) or (N, C, H, W) with C = ", C, "; give the layer before it ", C,
         " channels");
  return input;
}

}  // namespace tapestry
