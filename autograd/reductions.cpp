// Sums, means, maxima, norms, and what is normalised by a sum.
#include <algorithm>

#include "autograd/error.hpp"
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/reduction.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"

namespace tapestry {
namespace {

struct Reduced {  // a shape, with axes of length 1 in place of those that are reduced, and without them
  Shape ones, kept;
};
Reduced reduced(const char* op, const Shape& shape, std::vector<int> axes) {
  for (int& axis : axes) axis = shape.axis(op, axis);
  Reduced result{shape, {}};
  for (const int axis : axes) {
    if (std::count(axes.begin(), axes.end(), axis) > 1)
      fail(op, ": got axis ", axis, " of shape ", shape, " twice; expected each axis once");
    result.ones = result.ones.with(axis, 1);
  }
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) result.kept.append(shape[axis]);
  return result;
}

// The two that follow keep the axes, with length 1, as sum_to does.

// y = max x     dL/dx = g / n for each of the n entries that are y, 0 elsewhere. Which ones they are is a constant.
Var max_to(Var x, Shape ones) {
  Tensor largest = x.value();
  for (int axis = ones.rank() - 1; axis >= 0; --axis)
    if (ones[axis] != x.shape()[axis]) largest = kernels::maximum_along(largest, axis);
  Var y = largest;
  return apply("max along axes", y, {x}, {{reads(x, y), [](Var g, Var x, Var y) {
                                             const Tensor all = kernels::broadcast_to(y.value(), x.shape());
                                             const Var is_largest = kernels::equal(x.value(), all);
                                             return g / sum_to(is_largest, y.shape()) * is_largest;
                                           }}});
}

// y = |x|     dL/dx = g x / y, and 0 where y = 0: there y + 1 stands in the place of y, and 0 in that of 1.
Var norm_to(Var x, Shape ones) {
  const Var numbers = x.value();
  Var y = sqrt(sum_to(numbers * numbers, ones));
  return apply("norm", y, {x}, {{reads(x, y), [](Var g, Var x, Var y) {
                                   const Var is_positive = sign(y.value());
                                   return g * (is_positive / (y + (1 - is_positive))) * x;
                                 }}});
}

// The largest entry is taken out before exp(), as a constant, so that exp() cannot overflow; it cancels.
Var centred_by_largest(Var x, int axis) {
  const Var largest = kernels::maximum_along(x.value(), axis);
  return std::move(x) - largest;
}

}  // namespace

Var sum(Var x) { return sum_to(std::move(x), {}); }

Var mean(Var x) {
  const Real count = static_cast<Real>(x.shape().size());
  return sum(std::move(x)) / count;
}

Var sum(Var x, std::vector<int> axes) {
  const Reduced to = reduced("sum", x.shape(), std::move(axes));
  return reshape(sum_to(std::move(x), to.ones), to.kept);
}

Var mean(Var x, std::vector<int> axes) {
  const Reduced to = reduced("mean", x.shape(), std::move(axes));
  const Real count = static_cast<Real>(x.shape().size() / to.kept.size());
  return reshape(sum_to(std::move(x), to.ones), to.kept) / count;
}

Var max(Var x, std::vector<int> axes) {
  const Reduced to = reduced("max", x.shape(), std::move(axes));
  return reshape(max_to(std::move(x), to.ones), to.kept);
}

Var norm(Var x, std::vector<int> axes) {
  const Reduced to = reduced("norm", x.shape(), std::move(axes));
  return reshape(norm_to(std::move(x), to.ones), to.kept);
}

Var softmax(Var x, int axis) {
  axis = x.shape().axis("softmax", axis);
  const Var e = exp(centred_by_largest(std::move(x), axis));
  return e / sum_to(e, e.shape().with(axis, 1));
}

Var log_softmax(Var x, int axis) {
  axis = x.shape().axis("log_softmax", axis);
  const Var centred = centred_by_largest(std::move(x), axis);
  return centred - log(sum_to(exp(centred), centred.shape().with(axis, 1)));
}

}  // namespace tapestry
