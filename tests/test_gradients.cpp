// Every line of the table of gradient checks against differences of values: first and second derivatives, projected and
// entry by entry, each argument alone and all together, with fan-out.
//
// The table runs in double only: differences of floats are too coarse. In float, kernels are checked against plain
// loops (test_operations.cpp, test_convolution.cpp).
#include <doctest/doctest.h>

#include "apps/common/gradient_table.hpp"
#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"

using namespace tapestry;

namespace {

void check(const std::string& name, const GradientCase::Function& f, const Tensors& x, int order, int zero_from_order,
           bool jacobian) {
  CAPTURE(name);
  try {
    const auto result =
        check_grads(f, x, order, {.function = name, .jacobian = jacobian, .zero_from_order = zero_from_order});
    CHECK_MESSAGE(result.ok(), result);
  } catch (const Error& error) {
    FAIL_CHECK(std::string(error.what()));  // and on with the table
  }
}

}  // namespace

TEST_SUITE("gradients" * doctest::skip(sizeof(Real) == sizeof(float))) {
  TEST_CASE("each operation, along random directions and entry by entry") {
    for (const GradientCase& c : gradient_table()) {
      check(c.name, c.f, c.x, c.order, c.zero_from_order, false);
      check(c.name + ", Jacobian", c.f, c.x, 2, c.zero_from_order, true);
    }
  }

  TEST_CASE("each argument alone, the others constants") {
    for (const GradientCase& c : gradient_table())
      for (std::size_t i = 0; i < c.x.size() && c.x.size() > 1; ++i) {
        const GradientCase::Function alone = [&](const Vars& x) {
          Vars all(c.x.begin(), c.x.end());
          all[i] = x[0];
          return c.f(all);
        };
        check(c.name + ", x[" + std::to_string(i) + "] alone", alone, {c.x[i]}, 2, 2, false);
      }
  }

  TEST_CASE("fan-out: arguments used twice, results used twice") {
    for (const GradientCase& c : gradient_table()) {
      const GradientCase::Function twice = [&](const Vars& x) {
        Vars larger;
        for (const Var& v : x) larger.push_back(Real(1.25) * v);
        return c.f(x) + c.f(larger);
      };
      const GradientCase::Function squared = [&](const Vars& x) {
        const Var y = c.f(x);
        return y * y + y;
      };
      check(c.name + ", f(x) + f(1.25 x)", twice, c.x, 2, c.zero_from_order, false);
      check(c.name + ", y y + y", squared, c.x, 2, 0, false);
    }
  }
}
