// SpectralNorm: a layer whose weight is divided by its largest singular value, so that it stretches nothing.
#pragma once
#include "autograd/random.hpp"
#include "layers/layer.hpp"

namespace tapestry {

// Wraps a layer that has a parameter named weight; the layer then runs with W / sigma in its place. W is that weight as
// a matrix (out, rest), where `out_axis` counts the outputs: 0, and 1 for transposed convolutions. With u and v near
// its first singular vectors,
//     sigma = u^T W v,      one power iteration:  v = W^T u / |W^T u|,  u = W v / |W v|
// u and v are constants to the gradient, W is not. A training pass makes one iteration first, unless it leaves running
// statistics alone; evaluation makes none. The first vectors come from `random` and 15 iterations.
// Miyato et al., "Spectral normalization for generative adversarial networks", 2018. Names as PyTorch's spectral_norm
// has them: weight_orig for the parameter, weight_u (out) and weight_v (rest) for the buffers.
class SpectralNorm : public Layer {
 public:
  SpectralNorm(LayerPtr layer, int out_axis, Random random);

  Var operator()(const Pass& pass, Var x) final { return rectified(pass, std::move(x), 1); }
  bool rectifies() const override { return layer_->rectifies(); }
  Var rectified(const Pass& pass, Var x, Real slope) override;
  Shape output_shape(const Shape& input) const override { return layer_->output_shape(input); }
  std::string kind() const override { return layer_->kind(); }
  double multiply_adds(const Shape& input) const override { return layer_->multiply_adds(input); }
  int classes() const override { return layer_->classes(); }
  Parameters parameters() override { return layer_->parameters(); }
  Buffers buffers() override;

 private:
  Var matrix(Var weight) const;  // (out, rest)
  void iterate();

  LayerPtr layer_;
  int out_axis_;
  Parameter& weight_;
  Buffer &u_, &v_;
};

}  // namespace tapestry
