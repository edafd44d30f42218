// Compares the rule of softsign with differences of its values, for first and second derivatives. Differences want
// double precision: an installation from `make REAL=double install`.
#include <iostream>

#include "autograd/gradient_check.hpp"
#include "autograd/random.hpp"
#include "softsign.hpp"

using namespace tapestry;

int main() {
  const auto f = [](const Vars& x) { return own_parts::softsign(x[0]); };
  const Tensor x = Random(1).uniform({3, 4}, Real(0.2), 2);  // away from the kink at 0
  const GradientCheck check = check_grads(f, {x}, 2, {.function = "softsign"});
  std::cout << check << '\n';
  return check.ok() ? 0 : 1;
}
