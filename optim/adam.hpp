// Adam: every weight takes steps of its own size, from running averages of its gradient and of its square.
#pragma once
#include "optim/optimizer.hpp"

namespace tapestry {

// Where epsilon stands. Outside, it does what epsilon / sqrt(1 - beta2^t) does in the other place: more at first.
enum class EpsilonPlace {
  outside_correction,  // Keras:   w = w - learning_rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
  after_correction,    // PyTorch: w = w - learning_rate m_hat / (sqrt(v_hat) + epsilon)
};

struct AdamOptions {
  double learning_rate = 1e-3;        // 0 or more
  double beta1 = 0.9, beta2 = 0.999;  // in [0, 1)
  double epsilon = 1e-7;              // more than 0
  EpsilonPlace epsilon_place = EpsilonPlace::outside_correction;
};

//     m = beta1 m + (1 - beta1) g          m_hat = m / (1 - beta1^t)
//     v = beta2 v + (1 - beta2) g^2        v_hat = v / (1 - beta2^t)
//     w = w - learning_rate m_hat / (sqrt(v_hat) + epsilon)
// Kingma and Ba, "Adam: a method for stochastic optimization", 2015: algorithm 1 (PyTorch), or the form at the end of
// its section 2 (Keras).
class Adam : public Optimizer {
 public:
  Adam(Parameters parameters, AdamOptions options);

  const Tensor& first_moment(std::size_t place) const { return m_.at(place); }  // m and v of one parameter
  const Tensor& second_moment(std::size_t place) const { return v_.at(place); }

 private:
  void update(std::size_t place, Parameter& parameter, const Tensor& gradient, long t) override;

  AdamOptions options_;
  Tensors m_, v_;
};

}  // namespace tapestry
