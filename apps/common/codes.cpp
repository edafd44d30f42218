#include "apps/common/codes.hpp"

#include "autograd/losses.hpp"

namespace tapestry {

Tensor Codes::draw(Index count, Random random, Index first) const {
  Vars parts;
  if (categorical) {
    Tensor one_hot({count, categorical}, 0);
    Real* const to = one_hot.writable();
    for (Index n = 0; n < count; ++n) to[n * categorical + random("category").below(categorical, first + n)] = 1;
    parts.push_back(one_hot);
  }
  if (continuous) parts.push_back(random("numbers").uniform({count, continuous}, -1, 1, first));
  return concat(parts, 1).value();
}

Var Codes::loss(const Var& found, const Tensor& codes) const {
  Var sum = Tensor({}, 0);
  if (categorical) {
    const Var logits = slice(found, 1, 0, categorical), wanted = slice(codes, 1, 0, categorical);
    sum = sum + softmax_cross_entropy(logits, wanted.value());
  }
  if (continuous) {
    const Var numbers = slice(found, 1, categorical, size()), wanted = slice(codes, 1, categorical, size());
    sum = sum + mean_squared_error(numbers, wanted) * Real(0.5);
  }
  return sum * static_cast<Real>(weight);
}

}  // namespace tapestry
