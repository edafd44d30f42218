// check_grads itself: it has to pass what is right, and to find and name what is wrong.
#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "autograd/gradient_check.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"
#include "tests/program.hpp"

using namespace tapestry;

namespace {
using Function = std::function<Var(const Vars& x)>;

// An operation y = x^3 whose rule the test chooses.
Var cube(const Var& x, Rules rules) {
  const Var v = x.value();
  return apply("cube", (v * v * v).value(), {x}, std::move(rules));
}
Rule right(const Var& x) {
  return {reads(x), [](Var g, Var x) { return Real(3) * g * x * x; }};
}
std::string report(const GradientCheck& check) {
  std::ostringstream text;
  text << check;
  return text.str();
}
const Tensor two_and_one({1, 2}, {2, 1});
}  // namespace

TEST_CASE("check_grads refuses to judge floats" * doctest::skip(sizeof(Real) == sizeof(double))) {
  CHECK_THROWS_WITH_AS(check_grads([](const Vars& x) { return x[0]; }, {two_and_one}),
                       doctest::Contains("build with make REAL=double"), Error);
}

TEST_SUITE("check_grads" * doctest::skip(sizeof(Real) == sizeof(float))) {
  TEST_CASE("passes what is right") {
    const auto f = [](const Vars& x) { return cube(x[0], {right(x[0])}); };
    const GradientCheck check = check_grads(f, {two_and_one}, 3, {.function = "cube"});
    CHECK(report(check).starts_with("cube: 3 derivatives up to order 3 compared, largest relative difference "));
    CHECK(report(check).ends_with(", no problem\n"));
    CHECK(check.largest_difference > 0);
    CHECK(check.largest_difference < 1e-9);
    CHECK(check.ok());
    CHECK(check_grads(f, {two_and_one}, 3, {.jacobian = true}).compared == 12);
  }

  TEST_CASE("reports function, argument, index and both numbers") {
    const auto f = [](const Vars& x) {
      return cube(x[1], {Rule(reads(x[1]), [](Var g, Var x) { return Real(-3) * g * x * x; })}) + x[0];
    };
    const GradientCheck check = check_grads(f, {two_and_one, two_and_one}, 1, {.function = "wrong", .jacobian = true});
    CHECK_FALSE(check.ok());
    CHECK(report(check) ==
          "wrong: 8 derivatives up to order 1 compared, largest relative difference 1.99833, 2 problems\n"
          "  order 1: f(0, 0) by x[1](0, 0): -12 by the tape, 12 by differences\n"
          "  order 1: f(0, 1) by x[1](0, 1): -3 by the tape, 3 by differences\n");
    CHECK(check_grads(f, {two_and_one, two_and_one}).problems.size() == 1);
  }

  TEST_CASE("finds a second derivative that takes something for a constant") {
    const auto f = [](const Vars& x) {
      return cube(x[0], {Rule(reads(x[0]), [](Var g, Var x) { return Real(3) * g * x * x.value(); })});
    };
    CHECK(check_grads(f, {two_and_one}, 1).ok());
    CHECK(check_grads(f, {two_and_one}, 2).problems.size() == 1);
    const GradientCheck check = check_grads(f, {two_and_one}, 2, {.jacobian = true});
    REQUIRE(check.problems.size() == 2);
    CHECK_MESSAGE(check.problems[0].starts_with("order 2: gradient by x[0](0, 0) by x[0](0, 0): "), check);
  }

  TEST_CASE("finds a fast rule that is not the composed one") {
    const auto f = [](const Vars& x) {
      JointRule rule(reads(x[0]), [](Var g, Var x) { return Vars{Real(3) * g * x * x}; });
      rule.fast<1>(saved(), [](Tensor g, Tensor x) {
        return Tensors{(Var(Tensor({}, 3 + 1e-9)) * g * x * x).value()};  // too close for differences to tell
      });
      return cube(x[0], rule);
    };
    const GradientCheck check = check_grads(f, {two_and_one});
    REQUIRE(check.problems.size() == 2);
    CHECK_MESSAGE(check.problems[0].find(" unrecorded, ") != std::string::npos, check);
  }

  TEST_CASE("does not pass on zeros or NaN") {
    const auto problem = [](const Function& f, const Tensors& x, const GradientCheckOptions& options = {}) {
      const GradientCheck check = check_grads(f, x, 1, options);
      return check.ok() ? "none" : check.problems[0];
    };
    const Function difference = [](const Vars& x) { return x[0] - x[0]; };
    CHECK(problem(difference, {two_and_one}) ==
          "order 1: the gradient is zero everywhere; expected a point where it is not, or {.zero_from_order = 1}");
    CHECK(problem(difference, {two_and_one}, {.zero_from_order = 1}) == "none");
    CHECK(problem([](const Vars& x) { return x[0]; }, {two_and_one, two_and_one}) ==
          "order 1: the gradient by x[1] is zero everywhere; expected an argument that matters");
    const GradientCheck of_nan = check_grads([](const Vars& x) { return log(x[0]); }, {Tensor({2}, {1, -1})});
    CHECK_FALSE(of_nan.ok());
    CHECK(of_nan.largest_difference == INFINITY);
    CHECK_FALSE(check_grads([](const Vars& x) { return Real(2) * x[0]; }, {two_and_one}, 2).ok());
    CHECK(check_grads([](const Vars& x) { return Real(2) * x[0]; }, {two_and_one}, 2, {.zero_from_order = 2}).ok());
  }

  TEST_CASE("needs an order and an argument") {
    CHECK_THROWS_WITH_AS(check_grads([](const Vars& x) { return x[0]; }, {}),
                         "check_grads: got order 1 and 0 arguments; expected 1 or more of each", Error);
    CHECK_THROWS_AS(check_grads([](const Vars& x) { return x[0]; }, {two_and_one}, 0), Error);
  }
}

// The program computes in double, whatever this build does.
TEST_CASE("gradcheck prints the table") {
  const TemporaryFolder folder;
  const Ending tanh = run_program("gradcheck", {"tanh"}, folder);
  CHECK(tanh.code() == 0);
  CHECK(
      tanh.out.starts_with("operation                                          order  compared   difference\n"
                           "tanh                                                   3         3 "));
  CHECK(tanh.out.ends_with(": all right\n"));
  const Ending first = run_program("gradcheck", {"tanh", "--order", "1", "--jacobian"}, folder);
  CHECK(first.out.find("tanh                                                   1        36 ") != std::string::npos);
  const Ending none = run_program("gradcheck", {"nothing of this name"}, folder);
  CHECK(none.code() == 2);
  CHECK(none.err ==
        "error: nothing has \"nothing of this name\" in its name; gradcheck without a name shows all there is\n");
  CHECK(run_program("gradcheck", {"--order", "7"}, folder).code() == 2);
  CHECK(run_program("gradcheck", {"--help"}, folder).code() == 0);
}
