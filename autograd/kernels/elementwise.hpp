// Elementwise kernels. A tensor that is given away (its only owner is the argument) is written in place.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// Two tensors of one shape, number by number.
Tensor add(Tensor a, const Tensor& b);
Tensor subtract(Tensor a, const Tensor& b);
Tensor multiply(Tensor a, const Tensor& b);
Tensor divide(Tensor a, const Tensor& b);
Tensor maximum(Tensor a, const Tensor& b);
Tensor greater(Tensor a, const Tensor& b);  // 1 where a > b, 1/2 where a = b, otherwise 0
Tensor equal(Tensor a, const Tensor& b);    // 1 where a = b, otherwise 0
Tensor where(Tensor condition, const Tensor& a, const Tensor& b);

Tensor add(Tensor x, Real c);
Tensor multiply(Tensor x, Real c);
Tensor divide(Real c, Tensor x);

Tensor exp(Tensor x);
Tensor expm1(Tensor x);
Tensor log(Tensor x);
Tensor log1p(Tensor x);
Tensor sin(Tensor x);
Tensor cos(Tensor x);
Tensor sqrt(Tensor x);
Tensor pow(Tensor x, Real exponent);
Tensor tanh(Tensor x);
Tensor sigmoid(Tensor x);
Tensor softplus(Tensor x);
Tensor abs(Tensor x);
Tensor sign(Tensor x);
Tensor clamp(Tensor x, Real low, Real high);
Tensor within(Tensor x, Real low, Real high);  // 1 where low <= x <= high, otherwise 0

}  // namespace tapestry::kernels
