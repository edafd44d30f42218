#include "optim/optimizer.hpp"

#include <algorithm>

namespace tapestry {

void Optimizer::step(const Gradients& gradients) {
  // All gradients are checked before any parameter changes.
  std::vector<const Tensor*> gradient_of(parameters_.size());
  for (const auto& [parameter, gradient] : gradients) {
    const auto found = std::find(parameters_.begin(), parameters_.end(), parameter);
    const std::string& name = parameter->name();
    if (found == parameters_.end())
      fail("Optimizer: got a gradient of ", name, ", which it does not train; expected its own ", parameters_.size(),
           " parameters; ask the tape for those");
    if (gradient.shape() != parameter->shape())
      fail("Optimizer: got a gradient of shape ", gradient.shape(), " for ", name, "; expected ", parameter->shape(),
           "; sum it to that shape");
    const Tensor*& place = gradient_of[found - parameters_.begin()];
    if (place) fail("Optimizer: got two gradients of ", name, "; expected one; add them up");
    place = &gradient;
  }
  ++steps_;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (gradient_of[i]) update(i, *parameters_[i], *gradient_of[i], steps_);
}

}  // namespace tapestry
