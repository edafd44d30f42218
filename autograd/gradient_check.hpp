// Gradient check: derivatives by the tape against derivatives by differences of values. For whoever writes an
// operation.
//
//   auto f = [](const Vars& x) { return my_operation(x[0], x[1]); };
//   GradientCheck check = check_grads(f, {a, b}, 2, {.function = "my_operation"});
//   if (!check.ok()) std::cout << check;
#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "autograd/tape.hpp"

namespace tapestry {

struct GradientCheckOptions {
  std::string function = "f";  // its name in the report
  bool jacobian = false;       // every output by every entry of every argument, for small shapes; otherwise projections
  int zero_from_order = 0;  // from this order on a derivative may be zero everywhere: 2 for a linear function; 0: never
  std::uint64_t seed = 0;   // of the random cotangents and directions
};

struct GradientCheck {
  std::string function;
  int order = 0;
  Index compared = 0;                 // how many derivatives
  Real largest_difference = 0;        // of |tape - difference| / (|difference| + 0.01); up to 1e-6 is let pass
  std::vector<std::string> problems;  // one line each: order, argument, index, both numbers

  bool ok() const { return compared > 0 && problems.empty(); }
};
std::ostream& operator<<(std::ostream& out, const GradientCheck& check);

// Checks the derivatives of y = f(x) up to an order of 1 or more; y may have any shape. x has to be away from kinks.
//
// y is projected onto a random cotangent c, and the derivative of <y, c> along a random direction v in each argument is
// compared with the central difference of fourth order
//     (8 (f(x + hv) - f(x - hv)) - (f(x + 2hv) - f(x - 2hv))) / 12h,  h = 1e-3,
// within 1e-8 + 1e-6 |difference|. For the next order the gradient of <y, c> takes the place of y. Gradients that are
// recorded and gradients that are not have to agree within 1e-12 of the largest.
//
// A gradient that is zero everywhere is a problem unless zero_from_order allows it: comparing 0 with 0 proves nothing.
// At order 1 this holds for each argument by itself. Error: a build in float, whose differences are too coarse.
GradientCheck check_grads(const std::function<Var(const Vars& x)>& f, const Tensors& x, int order = 1,
                          const GradientCheckOptions& options = {});

}  // namespace tapestry
