#include <doctest/doctest.h>

#include "optim/weight_average.hpp"

using namespace tapestry;

TEST_CASE("a weight average follows its formula, for parameters and buffers, and swaps places with them") {
  Parameter w("w", Tensor({1}, 1));
  Buffer m("m", Tensor({1}, 10));
  WeightAverage average({&w}, {&m}, 0.25);
  double expected_w = 1, expected_m = 10;
  for (int t = 0; t < 5; ++t) {
    w.assign(Tensor({1}, Real(2 + t)));
    m.assign(Tensor({1}, Real(20 - t)));
    average.follow();
    const double d = std::min(0.25, (1.0 + t) / (10.0 + t));  // 0.1, 0.18, 0.25, 0.25, 0.25
    expected_w = d * expected_w + (1 - d) * (2 + t);
    expected_m = d * expected_m + (1 - d) * (20 - t);
  }
  average.swap();
  CHECK(w.value().item() == doctest::Approx(expected_w).epsilon(1e-6));
  CHECK(m.value().item() == doctest::Approx(expected_m).epsilon(1e-6));
  average.swap();
  CHECK(w.value().item() == 6);
  CHECK(m.value().item() == 16);
}

TEST_CASE("a decay of 0 is no average, and one beyond its range an error") {
  Parameter w("w", Tensor({1}, 1));
  WeightAverage none({&w}, {}, 0);
  w.assign(Tensor({1}, 2));
  none.follow();
  none.swap();
  CHECK(w.value().item() == 2);
  CHECK_THROWS_WITH_AS(WeightAverage({&w}, {}, 1),
                       "WeightAverage: got a decay of 1; expected 0 or more and less than 1", Error);
}
