// Sums and means.
#include <algorithm>

#include "autograd/error.hpp"
#include "autograd/kernels/reduction.hpp"
#include "autograd/ops.hpp"

namespace tapestry {

Var sum(Var x) { return sum_to(std::move(x), {}); }

Var mean(Var x) {
  const Real count = static_cast<Real>(x.shape().size());
  return sum(std::move(x)) / count;
}

Var sum(Var x, std::vector<int> axes) {
  const Shape shape = x.shape();
  Shape ones = shape, kept;  // with axes of length 1 in place of those that are summed, and without them
  for (int& axis : axes) axis = shape.axis("sum", axis);
  for (const int axis : axes) {
    if (std::count(axes.begin(), axes.end(), axis) > 1)
      fail("sum: got axis ", axis, " of shape ", shape, " twice; expected each axis once");
    ones = ones.with(axis, 1);
  }
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) kept.append(shape[axis]);
  return reshape(sum_to(std::move(x), ones), kept);
}

Var mean(Var x, std::vector<int> axes) {
  const Index before = x.shape().size();
  Var total = sum(std::move(x), axes);
  return total * (static_cast<Real>(total.shape().size()) / before);
}

// The largest entry of each row is taken out first, as a constant, so that exp cannot overflow; it cancels.
Var log_softmax(Var x) {
  if (x.shape().rank() != 2) fail("log_softmax: got shape ", x.shape(), "; expected (N, F); reshape() it first");
  const Shape rows{x.shape()[0], 1};
  const Var largest = kernels::row_maximum(x.value());
  const Var centred = std::move(x) - largest;
  return centred - log(sum_to(exp(centred), rows));
}

}  // namespace tapestry
