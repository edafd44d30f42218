// Optimizer: turns gradients into new parameters.
#pragma once
#include "autograd/parameter.hpp"

namespace tapestry {

class Optimizer {
 public:
  // The parameters that it trains; gradients of any other are refused.
  explicit Optimizer(Parameters parameters) : parameters_(std::move(parameters)) {}
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void step(const Gradients& gradients);
  long steps() const { return steps_; }  // so far

 protected:
  // One parameter (its place in the list), its gradient, and t = 1, 2, ..., the number of this step.
  virtual void update(std::size_t place, Parameter& parameter, const Tensor& gradient, long t) = 0;
  const Parameters& parameters() const { return parameters_; }

 private:
  Parameters parameters_;
  long steps_ = 0;
};

}  // namespace tapestry
