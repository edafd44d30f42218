// The slope at a kink is a convention: each is tested by itself, since differences cannot tell.
#include <doctest/doctest.h>

#include <functional>

#include "autograd/ops.hpp"

using namespace tapestry;

namespace {
Real slope_at(const std::function<Var(Var)>& f, Real x) {
  Tape tape;
  const Var at = tape.variable(Tensor({}, x));
  return tape.gradient(f(at), {at}, {.zeros_where_unreached = true})[0].item();
}
}  // namespace

TEST_CASE("slopes at kinks") {
  CHECK(slope_at([](Var x) { return relu(x); }, 0) == 0);
  CHECK(slope_at([](Var x) { return leaky_relu(x, Real(0.25)); }, 0) == Real(0.25));
  CHECK(slope_at([](Var x) { return leaky_relu(x, 3); }, 0) == 3);
  CHECK(slope_at([](Var x) { return abs(x); }, 0) == 0);
  CHECK(slope_at([](Var x) { return sign(x) * x; }, 2) == 1);  // the sign counts as a constant
  CHECK(slope_at([](Var x) { return clamp(x, -1, 2); }, -1) == 1);
  CHECK(slope_at([](Var x) { return clamp(x, -1, 2); }, 2) == 1);
  CHECK(slope_at([](Var x) { return clamp(x, -1, 2); }, Real(2.5)) == 0);
  CHECK(slope_at([](Var x) { return max(x, Tensor({}, 3)); }, 3) == Real(0.5));
  CHECK(slope_at([](Var x) { return max(Tensor({}, 3), x); }, 3) == Real(0.5));
  CHECK(slope_at([](Var x) { return max(x, x); }, 3) == 1);
}
