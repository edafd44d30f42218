// Operations that move numbers about.
#include "autograd/kernels/shaping.hpp"

#include <algorithm>

#include "autograd/error.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"

namespace tapestry {

Var reshape(Var x, Shape shape) {  // y = x, seen in another shape     dL/dx = g, in the old shape
  if (x.shape() == shape) return x;
  const Shape old = x.shape();
  Var y = x.take().reshaped(shape);
  return apply("reshape", y, {x}, {[old](Var g) { return reshape(g, old); }});
}

Var flatten(Var x) {
  if (x.shape().rank() < 1) fail("flatten: got one number without axes; expected (N, ...)");
  const Index N = x.shape()[0];
  return reshape(std::move(x), {N, x.shape().size() / N});
}

Var permute(Var x, std::vector<int> axes) {  // y = x, axes in another order     dL/dx = g, axes in the old order
  const Shape& shape = x.shape();
  std::array<int, Shape::max_rank> inverse{};
  std::vector<char> seen(shape.rank());
  if (static_cast<int>(axes.size()) == shape.rank())
    for (int i = 0; i < shape.rank(); ++i) {
      axes[i] = shape.axis("permute", axes[i]);
      inverse[axes[i]] = i;
      seen[axes[i]] = true;
    }
  if (std::count(seen.begin(), seen.end(), true) != shape.rank()) {
    std::string given;
    for (int axis : axes) given += (given.empty() ? "" : ", ") + std::to_string(axis);
    fail("permute: got axes {", given, "} for shape ", shape, "; expected each of its axes once");
  }
  Var y = kernels::permute(x.value(), axes);
  return apply("permute", y, {x}, {[inverse, rank = shape.rank()](Var g) {
                 return permute(g, {inverse.begin(), inverse.begin() + rank});
               }});
}

Var transpose(Var x) {
  if (x.shape().rank() != 2) fail("transpose: got shape ", x.shape(), "; expected a matrix (M, N)");
  return permute(std::move(x), {1, 0});
}

Var flip(Var x, std::vector<int> axes) {  // y = x, backwards     dL/dx = g, backwards
  for (int axis : axes) {
    axis = x.shape().axis("flip", axis);
    Var y = kernels::flip(x.value(), axis);
    x = apply("flip", y, {x}, {[axis](Var g) { return flip(g, {axis}); }});
  }
  return x;
}

Var slice(Var x, int axis, Index begin, Index end) {  // y = part of x     dL/dx = g, zeros around it
  axis = x.shape().axis("slice", axis);
  const Index length = x.shape()[axis];
  if (begin < 0 || begin >= end || end > length)
    fail("slice: got ", begin, " to ", end, " of axis ", axis, " of shape ", x.shape(),
         "; expected 0 <= begin < end <= ", length);
  Var y = kernels::slice(x.value(), axis, begin, end);
  return apply("slice", y, {x}, {[=](Var g) { return pad(g, axis, begin, length - end); }});
}

Var pad(Var x, int axis, Index before, Index after) {  // y = x, zeros around it     dL/dx = part of g
  axis = x.shape().axis("pad", axis);
  if (before < 0 || after < 0) fail("pad: got ", before, " before and ", after, " after; expected 0 or more of each");
  const Index length = x.shape()[axis];
  Var y = kernels::pad(x.value(), axis, before, after);
  return apply("pad", y, {x}, {[=](Var g) { return slice(g, axis, before, before + length); }});
}

Var concat(const Vars& parts, int axis) {  // y = parts, one after another     dL/dpart = its slice of g
  if (parts.empty()) fail("concat: got no parts; expected at least one");
  axis = parts[0].shape().axis("concat", axis);
  Tensors values;
  std::vector<Rule> rules;
  Index begin = 0;
  for (const Var& part : parts) {
    const Shape& shape = part.shape();
    if (shape.rank() != parts[0].shape().rank() || shape.with(axis, 1) != parts[0].shape().with(axis, 1))
      fail("concat: got shapes ", parts[0].shape(), " and ", shape, "; expected them to differ on axis ", axis,
           " only");
    const Index end = begin + shape[axis];
    rules.push_back([=](Var g) { return slice(g, axis, begin, end); });
    values.push_back(part.value());
    begin = end;
  }
  Var y = kernels::concat(values, axis);
  return apply("concat", y, parts, std::move(rules));
}

}  // namespace tapestry
