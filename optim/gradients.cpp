#include "optim/gradients.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/kernels/optimizers.hpp"
#include "autograd/ops.hpp"

namespace tapestry {

Gradients add(Gradients a, Gradients b) {
  for (auto& [parameter, gradient] : b) {
    const auto same = [p = parameter](const auto& entry) { return entry.first == p; };
    const auto found = std::find_if(a.begin(), a.end(), same);
    if (found == a.end())
      a.emplace_back(parameter, std::move(gradient));
    else
      found->second = (Var(found->second.take()) + Var(gradient)).value();
  }
  return a;
}

Gradients scale(Gradients gradients, double factor) {
  for (auto& [parameter, gradient] : gradients) gradient = (Var(gradient.take()) * static_cast<Real>(factor)).value();
  return gradients;
}

double norm(const Gradients& gradients) {
  double squares = 0;
  for (const auto& [parameter, gradient] : gradients) {
    squares += kernels::sum_of_squares(gradient);
    if (!std::isfinite(squares))
      fail("norm: got a gradient of ", parameter->name(), " that is not finite; expected numbers that are; a smaller ",
           "learning rate may keep them so");
  }
  return std::sqrt(squares);
}

Gradients clip_by_norm(Gradients gradients, double largest) {
  if (!(largest > 0)) fail("clip_by_norm: got ", largest, "; expected more than 0; 1 and 5 are usual");
  const double length = norm(gradients);
  return length > largest ? scale(std::move(gradients), largest / length) : gradients;
}

Gradients clip_by_value(Gradients gradients, double largest) {
  if (!(largest > 0)) fail("clip_by_value: got ", largest, "; expected more than 0; 0.5 and 1 are usual");
  const Real bound = static_cast<Real>(largest);
  for (auto& [parameter, gradient] : gradients) gradient = clamp(Var(gradient.take()), -bound, bound).value();
  return gradients;
}

}  // namespace tapestry
