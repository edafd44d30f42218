// The pair that repeats and adds up again: each is the other's rule.
#include "autograd/error.hpp"
#include "autograd/kernels/reduction.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"

namespace tapestry {
namespace {

bool broadcasts(const Shape& small, const Shape& big) {
  if (small.rank() > big.rank()) return false;
  for (int axis = 1; axis <= small.rank(); ++axis) {
    const Index length = small[small.rank() - axis];
    if (length != 1 && length != big[big.rank() - axis]) return false;
  }
  return true;
}

}  // namespace

Var broadcast_to(Var x, Shape shape) {  // y = x, repeated     dL/dx = g, added up
  if (x.shape() == shape) return x;
  if (!broadcasts(x.shape(), shape))
    fail("broadcast_to: got shape ", x.shape(), " for ", shape,
         "; expected equal lengths, or 1, on each axis, counted "
         "from the last; reshape() it first");
  Var y = kernels::broadcast_to(x.value(), shape);
  return apply("broadcast_to", y, {x}, {[small = x.shape()](Var g) { return sum_to(g, small); }});
}

Var sum_to(Var x, Shape shape) {  // y = x, added up     dL/dx = g, repeated
  if (x.shape() == shape) return x;
  if (!broadcasts(shape, x.shape()))
    fail("sum_to: got shape ", x.shape(), " for ", shape,
         "; expected equal lengths, or 1, on each axis, counted from the "
         "last; reshape() it first");
  Var y = kernels::sum_to(x.value(), shape);
  return apply("sum_to", y, {x}, {[big = x.shape()](Var g) { return broadcast_to(g, big); }});
}

}  // namespace tapestry
