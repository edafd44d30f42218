#include "optim/sgd.hpp"

#include "autograd/kernels/optimizers.hpp"

namespace tapestry {

Sgd::Sgd(Parameters parameters, SgdOptions options) : Optimizer(std::move(parameters)), options_(options) {
  if (!(options.learning_rate >= 0))
    fail("Sgd: got a learning rate of ", options.learning_rate, "; expected 0 or more; it goes against the gradient");
  if (!(options.momentum >= 0 && options.momentum < 1))
    fail("Sgd: got a momentum of ", options.momentum, "; expected 0 or more and less than 1; 0.9 is usual");
  for (const Parameter* p : this->parameters()) velocities_.emplace_back(p->shape(), 0);
}

void Sgd::update(std::size_t place, Parameter& parameter, const Tensor& gradient, long) {
  parameter.update([&](Tensor w) {
    kernels::momentum(w, gradient, velocities_[place], options_.momentum, options_.learning_rate);
    return w;
  });
}

}  // namespace tapestry
