#include "optim/schedules.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/error.hpp"

namespace tapestry::schedules {
namespace {

void check_rate(const char* who, double rate) {
  if (!(rate >= 0 && std::isfinite(rate)))
    fail(who, ": got a learning rate of ", rate, "; expected 0 or more; it goes against the gradient");
}
void check_steps(const char* who, long steps) {
  if (steps < 1) fail(who, ": got ", steps, " steps; expected 1 or more; it counts updates");
}

// From 1 at the beginning to 0 after so many steps and ever after.
double left(long t, long steps) { return std::max(0.0, 1 - static_cast<double>(t) / steps); }

}  // namespace

Schedule constant(double rate) {
  check_rate("constant", rate);
  return [=](long) { return rate; };
}

Schedule linear(double from, double to, long steps) {
  check_rate("linear", from);
  check_rate("linear", to);
  check_steps("linear", steps);
  return [=](long t) { return to + (from - to) * left(t, steps); };
}

Schedule cosine(double from, double to, long steps) {
  check_rate("cosine", from);
  check_rate("cosine", to);
  check_steps("cosine", steps);
  return [=](long t) { return to + (from - to) * (1 - std::cos(std::numbers::pi * left(t, steps))) / 2; };
}

Schedule steps(double from, double factor, long every) {
  check_rate("steps", from);
  if (!(factor > 0 && std::isfinite(factor)))
    fail("steps: got a factor of ", factor, "; expected more than 0; 0.1 and 0.5 are usual");
  check_steps("steps", every);
  return [=](long t) { return from * std::pow(factor, t / every); };
}

Schedule warm_up(long steps, Schedule then) {
  check_steps("warm_up", steps);
  return [=](long t) { return then(t) * std::min(1.0, static_cast<double>(t + 1) / steps); };
}

}  // namespace tapestry::schedules
