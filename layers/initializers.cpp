#include "layers/initializers.hpp"

#include <cmath>

#include "autograd/error.hpp"

namespace tapestry {

namespace {

// Uniform in [-limit, limit) has the deviation limit / sqrt(3).
Tensor uniform_with_deviation(double deviation, const Shape& shape, Random random) {
  const Real limit = deviation * std::sqrt(3.0);
  return random.uniform(shape, -limit, limit);
}

double glorot_deviation(Index fan_in, Index fan_out) { return std::sqrt(2.0 / (fan_in + fan_out)); }
double he_deviation(Index fan_in) { return std::sqrt(2.0 / fan_in); }

}  // namespace

Initializer glorot_uniform() {
  return [](Shape shape, Index fan_in, Index fan_out, Random random) {
    return uniform_with_deviation(glorot_deviation(fan_in, fan_out), shape, random);
  };
}

Initializer glorot_normal() {
  return [](Shape shape, Index fan_in, Index fan_out, Random random) {
    return random.normal(shape, 0, glorot_deviation(fan_in, fan_out));
  };
}

Initializer he_uniform() {
  return [](Shape shape, Index fan_in, Index, Random random) {
    return uniform_with_deviation(he_deviation(fan_in), shape, random);
  };
}

Initializer he_normal() {
  return [](Shape shape, Index fan_in, Index, Random random) { return random.normal(shape, 0, he_deviation(fan_in)); };
}

Initializer normal(Real mean, Real deviation) {
  if (!(deviation >= 0)) fail("normal: got a deviation of ", deviation, "; expected 0 or more; drop the sign");
  return [=](Shape shape, Index, Index, Random random) { return random.normal(shape, mean, deviation); };
}

Initializer constant(Real value) {
  return [=](Shape shape, Index, Index, Random) { return Tensor(shape, value); };
}

}  // namespace tapestry
