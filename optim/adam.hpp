// Adam: every weight takes steps of its own size, from running averages of its gradient and of its square. With a
// weight decay it is AdamW.
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
  double weight_decay = 0;  // 0 or more; 0.01 is usual in AdamW
};

//     m = beta1 m + (1 - beta1) g          m_hat = m / (1 - beta1^t)
//     v = beta2 v + (1 - beta2) g^2        v_hat = v / (1 - beta2^t)
//     w = (1 - learning_rate weight_decay) w - learning_rate m_hat / (sqrt(v_hat) + epsilon)
// Kingma and Ba, "Adam: a method for stochastic optimization", 2015: algorithm 1 (PyTorch), or the form at the end of
// its section 2 (Keras). Loshchilov and Hutter, "Decoupled weight decay regularization", 2019 (AdamW): the decay goes
// past m and v, so that every weight decays alike.
class Adam : public Optimizer {
 public:
  Adam(Parameters parameters, AdamOptions options);

  const Tensor& first_moment(std::size_t place) const { return m_.at(place); }  // m and v of one parameter
  const Tensor& second_moment(std::size_t place) const { return v_.at(place); }

 private:
  void update(Parameter& parameter, const Tensor& gradient, const Step& step) override;

  AdamOptions options_;
  Tensors m_, v_;
};

}  // namespace tapestry
