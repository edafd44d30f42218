// RmsProp: steps divided by the root of a running average of the gradient's square.
#pragma once
#include "optim/optimizer.hpp"

namespace tapestry {

// Where epsilon stands, and the learning rate: inside v, a change of it takes time to show.
enum class RmsPropForm {
  keras,    // v = momentum v + learning_rate g / sqrt(variance + epsilon)     w = w - v
  pytorch,  // v = momentum v + g / (sqrt(variance) + epsilon)                 w = w - learning_rate v
};

struct RmsPropOptions {
  double learning_rate = 1e-3;  // 0 or more
  double rho = 0.9;             // in [0, 1); PyTorch calls it alpha and has 0.99
  double momentum = 0;          // in [0, 1)
  double epsilon = 1e-7;        // more than 0
  bool centered = false;        // divide by the deviation of the gradient, not by its root mean square
  RmsPropForm form = RmsPropForm::keras;
};

//     s = rho s + (1 - rho) g^2        variance = s
//     m = rho m + (1 - rho) g          variance = s - m^2 if centered
// Tieleman and Hinton, "Lecture 6.5: rmsprop", 2012; centered and with momentum: Graves, "Generating sequences with
// recurrent neural networks", 2013.
class RmsProp : public Optimizer {
 public:
  RmsProp(Parameters parameters, RmsPropOptions options);

  const Tensor& mean_square(std::size_t place) const { return squares_.at(place); }  // s of one parameter

 private:
  void update(Parameter& parameter, const Tensor& gradient, const Step& step) override;

  RmsPropOptions options_;
  Tensors squares_, means_, velocities_;  // s, m, v; each m is empty if not centered
};

}  // namespace tapestry
