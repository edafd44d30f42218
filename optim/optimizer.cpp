#include "optim/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/stopwatch.hpp"
#include "optim/gradients.hpp"

namespace tapestry {

Optimizer::Optimizer(const char* name, Parameters parameters, double learning_rate)
    : name_(name), parameters_(std::move(parameters)), paces_(parameters_.size()) {
  if (!(learning_rate >= 0 && std::isfinite(learning_rate)))
    fail(name, ": got a learning rate of ", learning_rate, "; expected 0 or more; it goes against the gradient");
  set_learning_rate(learning_rate);
}

std::size_t Optimizer::place_of(const Parameter* parameter) const {
  return std::find(parameters_.begin(), parameters_.end(), parameter) - parameters_.begin();
}

Tensors Optimizer::zeros() const {
  Tensors all;
  for (const Parameter* p : parameters_) all.emplace_back(p->shape(), 0);
  return all;
}

void Optimizer::set_pace(const Parameters& group, Pace pace) {
  for (const double factor : {pace.learning_rate, pace.weight_decay})
    if (!(factor >= 0 && std::isfinite(factor)))
      fail(name_, ": got a pace of ", factor, "; expected 0 or more; it is a factor");
  for (const Parameter* p : group)
    if (place_of(p) == parameters_.size())
      fail(name_, ": got a pace for ", p->name(), ", which it does not train; expected some of its own ",
           parameters_.size(), " parameters");
  for (const Parameter* p : group) paces_[place_of(p)] = pace;
}

void Optimizer::set_clipping(Clipping clipping) {
  for (const double largest : {clipping.value, clipping.norm})
    if (!(largest > 0)) fail(name_, ": got ", largest, " to clip gradients to; expected more than 0");
  clipping_ = clipping;
}

Gradients Optimizer::clipped(Gradients gradients) const {
  if (clipping_.value != Clipping::none) gradients = clip_by_value(std::move(gradients), clipping_.value);
  if (clipping_.norm != Clipping::none) gradients = clip_by_norm(std::move(gradients), clipping_.norm);
  return gradients;
}

void Optimizer::step(Gradients gradients) {
  Stopwatch::lap("tape");
  // All gradients are checked before any parameter changes.
  std::vector<bool> given(parameters_.size());
  for (const auto& [parameter, gradient] : gradients) {
    const std::size_t place = place_of(parameter);
    const std::string& name = parameter->name();
    if (place == parameters_.size())
      fail("Optimizer: got a gradient of ", name, ", which it does not train; expected its own ", parameters_.size(),
           " parameters; ask the tape for those");
    if (parameter->frozen())
      fail("Optimizer: got a gradient of ", name, ", which is frozen; expected gradients of others; ask the tape for ",
           "trainable(parameters)");
    if (gradient.shape() != parameter->shape())
      fail("Optimizer: got a gradient of shape ", gradient.shape(), " for ", name, "; expected ", parameter->shape(),
           "; sum it to that shape");
    if (given[place]) fail("Optimizer: got two gradients of ", name, "; expected one; add them up");
    given[place] = true;
  }
  const double rate = learning_rate();
  if (!(rate >= 0 && std::isfinite(rate)))
    fail(name_, ": got a learning rate of ", rate, " after ", steps_, " steps; expected 0 or more; see its schedule");
  gradients = clipped(std::move(gradients));
  ++steps_;
  for (const auto& [parameter, gradient] : gradients) {
    const std::size_t place = place_of(parameter);
    update(*parameter, gradient, {place, steps_, rate * paces_[place].learning_rate, paces_[place].weight_decay});
  }
  Stopwatch::lap("optimizer");
}

}  // namespace tapestry
