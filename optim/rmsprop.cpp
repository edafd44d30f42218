#include "optim/rmsprop.hpp"

#include "autograd/kernels/optimizers.hpp"

namespace tapestry {

RmsProp::RmsProp(Parameters parameters, RmsPropOptions options)
    : Optimizer("RmsProp", std::move(parameters), options.learning_rate),
      options_(options),
      squares_(zeros()),
      means_(options.centered ? zeros() : Tensors(squares_.size())),
      velocities_(zeros()) {
  const auto& [learning_rate, rho, momentum, epsilon, centered, form] = options;
  if (!(rho >= 0 && rho < 1 && momentum >= 0 && momentum < 1))
    fail("RmsProp: got rho = ", rho, " and a momentum of ", momentum,
         "; expected 0 or more and less than 1; 0.9 and 0 are usual");
  if (!(epsilon > 0))
    fail("RmsProp: got an epsilon of ", epsilon, "; expected more than 0; Keras has 1e-7, PyTorch 1e-8");
}

void RmsProp::update(Parameter& parameter, const Tensor& gradient, const Step& step) {
  const RmsPropOptions& o = options_;
  const bool keras = o.form == RmsPropForm::keras;
  const Real epsilon = o.epsilon, rate = step.learning_rate;
  const kernels::RmsProp numbers{.rho = o.rho,
                                 .momentum = static_cast<Real>(o.momentum),
                                 .epsilon_inside = keras ? epsilon : 0,
                                 .epsilon_outside = keras ? 0 : epsilon,
                                 .rate_inside = keras ? rate : 1,
                                 .rate_outside = keras ? 1 : rate};
  parameter.update([&](Tensor w) {
    kernels::rmsprop(w, gradient, squares_[step.place], means_[step.place], velocities_[step.place], numbers);
    return w;
  });
}

}  // namespace tapestry
