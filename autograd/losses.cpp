#include "autograd/losses.hpp"

#include "autograd/error.hpp"

namespace tapestry {
namespace {

void check_target(const char* loss, Real target) {
  if (!(target >= 0 && target <= 1)) fail(loss, ": got a target of ", target, "; expected 0 (fake) to 1 (real)");
}
void check_targets(const char* loss, const Shape& judged, const Tensor& targets) {
  if (targets.shape() != judged)
    fail(loss, ": got predictions ", judged, " and targets ", targets.shape(), "; expected equal shapes");
  for (Index i = 0; i < targets.size(); ++i) check_target(loss, targets[i]);
}

}  // namespace

Var bce_with_logits(Var logits, Real target) {
  check_target("bce_with_logits", target);
  return mean(softplus(logits) - logits * target);
}

Var bce_with_logits(Var logits, Tensor targets) {
  check_targets("bce_with_logits", logits.shape(), targets);
  return mean(softplus(logits) - logits * targets);
}

Var bce_on_probabilities(Var probabilities, Real target) {
  return bce_on_probabilities(probabilities, Tensor(probabilities.shape(), target));
}

Var bce_on_probabilities(Var probabilities, Tensor targets) {
  check_targets("bce_on_probabilities", probabilities.shape(), targets);
  constexpr Real clipped = 1e-7;
  const Var p = clamp(std::move(probabilities), clipped, 1 - clipped), t = targets;
  return -mean(log(p) * t + log(1 - p) * (1 - t));
}

Var softmax_cross_entropy(Var logits, Tensor targets) {
  check_targets("softmax_cross_entropy", logits.shape(), targets);
  const auto N = static_cast<Real>(logits.shape()[0]);
  return -sum(log_softmax(std::move(logits)) * targets) / N;
}

Var softmax_cross_entropy(Var logits, const std::vector<int>& labels) {
  const Shape& shape = logits.shape();
  if (shape.rank() != 2 || shape[0] != static_cast<Index>(labels.size()))
    fail("softmax_cross_entropy: got logits ", shape, " and ", labels.size(), " labels; expected (N, K) and N labels");
  Tensor one_hot(shape, 0);
  Real* const to = one_hot.writable();
  for (Index n = 0; n < shape[0]; ++n) {
    if (labels[n] < 0 || labels[n] >= shape[1])
      fail("softmax_cross_entropy: got label ", labels[n], " in row ", n, "; expected 0 to ", shape[1] - 1);
    to[n * shape[1] + labels[n]] = 1;
  }
  return softmax_cross_entropy(std::move(logits), std::move(one_hot));
}

Var mean_squared_error(Var x, Var target) {
  if (x.shape() != target.shape())
    fail("mean_squared_error: got shapes ", x.shape(), " and ", target.shape(), "; expected equal ones");
  const Var difference = std::move(x) - std::move(target);
  return mean(difference * difference);
}

}  // namespace tapestry
