// Batch norm: a composition by the book, and a fast pair of kernels for the passes that are not differentiated again.
// Layer norm: a composition.
#include "autograd/kernels/normalization.hpp"

#include <cmath>

#include "autograd/error.hpp"
#include "autograd/ops.hpp"
#include "autograd/rectified.hpp"
#include "autograd/rule.hpp"
#include "autograd/stopwatch.hpp"

namespace tapestry {
namespace {

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta
Var composed(Var x, Var gamma, Var beta, Real epsilon) {
  const Index C = x.shape()[1];
  const Shape channel = x.shape().rank() == 2 ? Shape{1, C} : Shape{1, C, 1, 1};
  const Real count = static_cast<Real>(x.shape().size() / C);
  Var centred = x - sum_to(x, channel) / count;
  Var variance = sum_to(centred * centred, channel) / count;
  return centred * (reshape(gamma, channel) / sqrt(variance + epsilon)) + reshape(beta, channel);
}

}  // namespace

BatchNormed batch_norm(Var x, Var gamma, Var beta, Real epsilon, Real slope) {
  const Shape& shape = x.shape();
  if ((shape.rank() != 2 && shape.rank() != 4) || gamma.shape() != Shape{shape[1]} || beta.shape() != gamma.shape())
    fail("batch_norm: got input ", shape, ", gamma ", gamma.shape(), " and beta ", beta.shape(),
         "; expected (N, C) or (N, C, H, W), (C) and (C)");
  const auto [mean, variance] = kernels::channel_statistics(x.value());
  Stopwatch::lap("batch_norm");
  const Tensor inverse_sigma = (Real(1) / sqrt(Var(variance) + epsilon)).value();
  const Tensor scale = (Var(gamma.value()) * Var(inverse_sigma)).value();
  const Rectified rectified("batch_norm", slope, shape, {x, gamma, beta});
  Var y = kernels::normalize_channels(x.value(), mean, scale, beta.value(), rectified.in_kernel());

  JointRule rule(reads(x, gamma, beta), [epsilon](Var g, Var x, Var gamma, Var beta) {
    return vjp([=](const Vars& v) { return composed(v[0], v[1], v[2], epsilon); }, g, {x, gamma, beta});
  });
  rule.fast<3>(saved(mean, inverse_sigma),
               [](Tensor g, Tensor x, Tensor gamma, Tensor, Tensor mean, Tensor inverse_sigma) {
                 return kernels::batch_norm_gradients(std::move(g), x, gamma, mean, inverse_sigma);
               });
  y = apply("batch_norm", y, {x, gamma, beta}, rule);
  return {rectified(std::move(y)), mean, variance};
}

Var layer_norm(Var x, Var gamma, Var beta, Real epsilon) {
  const Shape &shape = x.shape(), &sample = gamma.shape();
  const int rank = sample.rank();
  if (rank < 1 || rank > shape.rank() || Shape(shape.end() - rank, shape.end()) != sample || beta.shape() != sample)
    fail("layer_norm: got input ", shape, ", gamma ", sample, " and beta ", beta.shape(),
         "; expected gamma and beta of one shape, that of the last axes of the input");
  Shape ones = shape;  // of mean and variance
  for (int axis = 1; axis <= rank; ++axis) ones = ones.with(-axis, 1);
  const Real count = static_cast<Real>(sample.size());
  const Var centred = x - sum_to(x, ones) / count;
  const Var variance = sum_to(centred * centred, ones) / count;
  return centred * (1 / sqrt(variance + epsilon)) * gamma + beta;
}

}  // namespace tapestry
