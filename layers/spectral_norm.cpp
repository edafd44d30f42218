#include "layers/spectral_norm.hpp"

#include <algorithm>
#include <numeric>

#include "autograd/error.hpp"

namespace tapestry {

namespace {

constexpr int first_iterations = 15;

Parameter& weight_of(Layer& layer) {
  for (Parameter* p : layer.parameters())
    if (p->name() == "weight") return *p;
  fail("spectral_norm: got a ", layer.kind(), " layer; expected one with a parameter named weight, say a linear layer");
}

Tensor unit(const Var& x) {  // x / |x|; 0 stays 0
  const Real length = norm(x, {0}).item();
  return (x / std::max(length, Real(1e-12))).value();
}

// W x, with W (M, K) or transposed (K, M), and x (K)
Var times(const Var& W, const Var& x, Product form = Product::ab) {
  const Index K = x.shape()[0];
  const Var y = matmul(W, reshape(x, {K, 1}), form);
  return reshape(y, {y.shape()[0]});
}

}  // namespace

SpectralNorm::SpectralNorm(LayerPtr layer, int out_axis, Random random)
    : layer_(std::move(layer)),
      out_axis_(weight_of(*layer_).shape().axis("spectral_norm", out_axis)),
      weight_(weight_of(*layer_)),
      u_(buffer("weight_u", unit(random("u").normal({weight_.shape()[out_axis_]})))),
      v_(buffer("weight_v", Tensor({weight_.shape().size() / u_.shape()[0]}, 0))) {
  weight_.rename("weight_orig");
  for (int i = 0; i < first_iterations; ++i) iterate();
}

Var SpectralNorm::matrix(Var weight) const {
  std::vector<int> axes(weight.shape().rank());
  std::iota(axes.begin(), axes.end(), 0);
  std::rotate(axes.begin(), axes.begin() + out_axis_, axes.begin() + out_axis_ + 1);  // the outputs come first
  if (out_axis_ > 0) weight = permute(std::move(weight), axes);
  return reshape(std::move(weight), {u_.shape()[0], v_.shape()[0]});
}

void SpectralNorm::iterate() {
  const Var W = matrix(weight_.value());
  v_.assign(unit(times(W, u_.value(), Product::aTb)));
  u_.assign(unit(times(W, v_.value())));
}

Var SpectralNorm::rectified(const Pass& pass, Var x, Real slope) {
  if (pass.mode == Mode::training && pass.update_running_statistics) iterate();
  const Var weight = pass.weight(weight_);
  const Var sigma = sum(times(matrix(weight), v_.value()) * u_.value());
  return layer_->rectified(pass.with(weight_, weight / sigma), std::move(x), slope);
}

Buffers SpectralNorm::buffers() {
  Buffers all = Layer::buffers();
  for (Buffer* b : layer_->buffers()) all.push_back(b);
  return all;
}

}  // namespace tapestry
