// The arithmetic of the optimisers, each in one pass over memory. All tensors have the same shape.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  w = w - step_size m / (root_scale sqrt(v) + epsilon)
// The betas are double, since 1 - 0.999 in float is off by 1e-5 of itself.
void adam(Tensor& w, const Tensor& g, Tensor& m, Tensor& v, double beta1, double beta2, Real step_size, Real root_scale,
          Real epsilon);

// velocity = momentum velocity + g;  w = w - learning_rate velocity
void momentum(Tensor& w, const Tensor& g, Tensor& velocity, Real momentum, Real learning_rate);

}  // namespace tapestry::kernels
