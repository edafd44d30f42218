// Sgd: stochastic gradient descent, with momentum if wished.
#pragma once
#include "optim/optimizer.hpp"

namespace tapestry {

struct SgdOptions {
  double learning_rate = 0.01;  // 0 or more
  double momentum = 0;          // in [0, 1)
};

//     v = momentum v + g
//     w = w - learning_rate v
// Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever et al., "On the
// importance of initialization and momentum in deep learning", 2013. The learning rate stands outside v, as in PyTorch.
class Sgd : public Optimizer {
 public:
  Sgd(Parameters parameters, SgdOptions options);

  const Tensor& velocity(std::size_t place) const { return velocities_.at(place); }  // v of one parameter

 private:
  void update(Parameter& parameter, const Tensor& gradient, const Step& step) override;

  double momentum_;
  Tensors velocities_;
};

}  // namespace tapestry
