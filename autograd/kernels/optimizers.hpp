// The arithmetic of the optimisers, each in one pass over memory. All tensors have the same shape.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
// w = keep w - step_size m / (root_scale sqrt(v) + epsilon)
// The betas are double, since 1 - 0.999 in float is off by 1e-5 of itself.
void adam(Tensor& w, const Tensor& g, Tensor& m, Tensor& v, double beta1, double beta2, Real step_size, Real root_scale,
          Real epsilon, Real keep = 1);

// velocity = momentum velocity + g;  w = w - learning_rate velocity
void momentum(Tensor& w, const Tensor& g, Tensor& velocity, Real momentum, Real learning_rate);

// Two forms of one update: one of the epsilons is 0, and one of the rates 1.
struct RmsProp {
  double rho;  // double as the betas are
  Real momentum;
  Real epsilon_inside, epsilon_outside;  // of the root
  Real rate_inside, rate_outside;        // of the velocity
};
// square = rho square + (1 - rho) g^2;  mean = rho mean + (1 - rho) g;
// velocity = momentum velocity + rate_inside g / (sqrt(square - mean^2 + epsilon_inside) + epsilon_outside);
// w = w - rate_outside velocity. Not centered if `mean` is empty: then it counts as 0.
void rmsprop(Tensor& w, const Tensor& g, Tensor& square, Tensor& mean, Tensor& velocity, const RmsProp& options);

// The sum of x^2, in double, in which the square of no float overflows.
double sum_of_squares(const Tensor& x);

}  // namespace tapestry::kernels
