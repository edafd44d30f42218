#include "optim/adam.hpp"

#include <cmath>

#include "autograd/kernels/optimizers.hpp"

namespace tapestry {

Adam::Adam(Parameters parameters, AdamOptions options)
    : Optimizer("Adam", std::move(parameters), options.learning_rate), options_(options), m_(zeros()), v_(zeros()) {
  const auto& [learning_rate, beta1, beta2, epsilon, epsilon_place, weight_decay] = options;
  if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1))
    fail("Adam: got beta1 = ", beta1, " and beta2 = ", beta2,
         "; expected 0 or more and less than 1; 0.5 and 0.999 are usual in a DCGAN");
  if (!(epsilon > 0)) fail("Adam: got an epsilon of ", epsilon, "; expected more than 0; Keras has 1e-7, PyTorch 1e-8");
  if (!(weight_decay >= 0)) fail("Adam: got a weight decay of ", weight_decay, "; expected 0 or more; 0.01 is usual");
}

void Adam::update(Parameter& parameter, const Tensor& gradient, const Step& step) {
  const AdamOptions& o = options_;
  const double correction1 = 1 - std::pow(o.beta1, step.t), root_correction2 = std::sqrt(1 - std::pow(o.beta2, step.t));
  const bool outside = o.epsilon_place == EpsilonPlace::outside_correction;
  const double step_size = step.learning_rate / correction1 * (outside ? root_correction2 : 1);
  const double root_scale = outside ? 1 : 1 / root_correction2;  // sqrt(v_hat) = sqrt(v) / root_correction2
  const double keep = 1 - step.learning_rate * o.weight_decay * step.decay_factor;
  parameter.update([&](Tensor w) {
    kernels::adam(w, gradient, m_[step.place], v_[step.place], o.beta1, o.beta2, step_size, root_scale, o.epsilon,
                  keep);
    return w;
  });
}

}  // namespace tapestry
