// Initialisers: fans, bounds and moments.
#include "tests/layer_helpers.hpp"

using namespace tapestry;

TEST_CASE("layers count fans as Keras does, and use one key for weights and another for biases") {
  std::vector<std::string> seen;
  std::vector<std::uint32_t> keys;
  const Initializer spy = [&](Shape shape, Index fan_in, Index fan_out, Random random) {
    seen.push_back(shape.text() + " " + std::to_string(fan_in) + " " + std::to_string(fan_out));
    keys.push_back(random.word(0, 0));
    return Tensor(shape, 0);
  };
  const Random r(1);
  const Shape pictures{2, 3, 8, 8};
  Linear({2, 1}, {.features = 3, .weight_initializer = spy, .bias_initializer = spy}, r);
  Conv2d(pictures, {.channels = 7, .kernel_h = 5, .kernel_w = 2, .weight_initializer = spy, .bias_initializer = spy},
         r);
  ConvTranspose2d(pictures,
                  {.channels = 7, .kernel_h = 5, .kernel_w = 2, .weight_initializer = spy, .bias_initializer = spy}, r);
  BatchNorm({2, 4}, {.gamma_initializer = spy, .beta_initializer = spy}, r);
  CHECK(seen == std::vector<std::string>{"(3, 1) 1 3", "(3) 3 3", "(7, 3, 5, 2) 30 70", "(7) 7 7", "(3, 7, 5, 2) 70 30",
                                         "(7) 7 7", "(4) 4 4", "(4) 4 4"});
  for (std::size_t i = 0; i < keys.size(); i += 2) CHECK(keys[i] != keys[i + 1]);
}

TEST_CASE("initializers have the bounds and moments of their papers") {
  const Shape shape{1000, 100};
  const Index fan_in = 300, fan_out = 500;
  struct Moments {
    double mean, deviation, largest, beyond_two;
  };
  const auto moments = [&](const Initializer& initializer) {
    double sum = 0, squares = 0, largest = 0, beyond = 0;
    const std::vector<Real> all = initializer(shape, fan_in, fan_out, Random(9)).numbers();
    for (double x : all) sum += x, squares += x * x, largest = std::max(largest, std::abs(x));
    const double mean = sum / all.size(), deviation = std::sqrt(squares / all.size() - mean * mean);
    for (double x : all) beyond += std::abs(x - mean) > 2 * deviation;
    return Moments{mean, deviation, largest, beyond / all.size()};
  };
  const double glorot = std::sqrt(2.0 / (fan_in + fan_out)), he = std::sqrt(2.0 / fan_in);
  const auto check = [&](const Initializer& initializer, double mean, double deviation, bool uniform) {
    CAPTURE(deviation);
    CAPTURE(uniform);
    const Moments m = moments(initializer);
    CHECK(std::abs(m.mean - mean) < 4 * deviation / std::sqrt(1e5));
    CHECK(m.deviation == doctest::Approx(deviation).epsilon(0.01));
    if (uniform) {
      CHECK(m.largest <= deviation * std::sqrt(3.0) * (1 + tolerance));
      CHECK(m.largest > 0.999 * deviation * std::sqrt(3.0));
    } else {
      CHECK(m.beyond_two == doctest::Approx(0.0455).epsilon(0.05));  // not cut off
    }
  };
  check(glorot_uniform(), 0, glorot, true);
  check(glorot_normal(), 0, glorot, false);
  check(he_uniform(), 0, he, true);
  check(he_normal(), 0, he, false);
  check(normal(1, 0.02), 1, 0.02, false);
  CHECK(constant(3)({2}, 1, 1, Random(1)).numbers() == std::vector<Real>{3, 3});
}
