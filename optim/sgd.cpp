#include "optim/sgd.hpp"

#include "autograd/kernels/optimizers.hpp"

namespace tapestry {

Sgd::Sgd(Parameters parameters, SgdOptions options)
    : Optimizer("Sgd", std::move(parameters), options.learning_rate),
      momentum_(options.momentum),
      velocities_(zeros()) {
  if (!(options.momentum >= 0 && options.momentum < 1))
    fail("Sgd: got a momentum of ", options.momentum, "; expected 0 or more and less than 1; 0.9 is usual");
}

void Sgd::update(Parameter& parameter, const Tensor& gradient, const Step& step) {
  parameter.update([&](Tensor w) {
    kernels::momentum(w, gradient, velocities_[step.place], momentum_, step.learning_rate);
    return w;
  });
}

}  // namespace tapestry
