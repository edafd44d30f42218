#include "optim/adam.hpp"

#include <cmath>

#include "autograd/kernels/optimizers.hpp"

namespace tapestry {

Adam::Adam(Parameters parameters, AdamOptions options) : Optimizer(std::move(parameters)), options_(options) {
  const auto& [learning_rate, beta1, beta2, epsilon, epsilon_place] = options;
  if (!(learning_rate >= 0))
    fail("Adam: got a learning rate of ", learning_rate, "; expected 0 or more; it goes against the gradient");
  if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1))
    fail("Adam: got beta1 = ", beta1, " and beta2 = ", beta2,
         "; expected 0 or more and less than 1; 0.5 and 0.999 are usual in a DCGAN");
  if (!(epsilon > 0)) fail("Adam: got an epsilon of ", epsilon, "; expected more than 0; Keras has 1e-7, PyTorch 1e-8");
  for (const Parameter* p : this->parameters()) {
    m_.emplace_back(p->shape(), 0);
    v_.emplace_back(p->shape(), 0);
  }
}

void Adam::update(std::size_t place, Parameter& parameter, const Tensor& gradient, long t) {
  const AdamOptions& o = options_;
  const double correction1 = 1 - std::pow(o.beta1, t), root_correction2 = std::sqrt(1 - std::pow(o.beta2, t));
  const bool outside = o.epsilon_place == EpsilonPlace::outside_correction;
  const double step_size = o.learning_rate / correction1 * (outside ? root_correction2 : 1);
  const double root_scale = outside ? 1 : 1 / root_correction2;  // sqrt(v_hat) = sqrt(v) / root_correction2
  parameter.update([&](Tensor w) {
    kernels::adam(w, gradient, m_[place], v_[place], o.beta1, o.beta2, step_size, root_scale, o.epsilon);
    return w;
  });
}

}  // namespace tapestry
