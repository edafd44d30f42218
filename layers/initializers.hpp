// Initializers: the numbers that a layer's weights start from.
#pragma once
#include <functional>

#include "autograd/random.hpp"

namespace tapestry {

// Numbers for a weight of this shape. fan_in and fan_out say how many inputs one output adds up and how many outputs
// one input reaches. Each layer states its own, as Keras counts them.
using Initializer = std::function<Tensor(Shape shape, Index fan_in, Index fan_out, Random random)>;

// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010. The deviation
// is sqrt(2 / (fan_in + fan_out)), a compromise between keeping the variance on the way forward and on the way back.
Initializer glorot_uniform();
Initializer glorot_normal();

// He et al., "Delving deep into rectifiers", 2015. The deviation is sqrt(2 / fan_in): a rectifier halves the variance.
// The normal ones here are plain, as in PyTorch; Keras cuts them off at two deviations and widens what is left.
Initializer he_uniform();
Initializer he_normal();

Initializer normal(Real mean, Real deviation);
Initializer constant(Real value);

}  // namespace tapestry
