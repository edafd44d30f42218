// Learning-rate schedules: their values, and what they refuse.
#include <doctest/doctest.h>

#include <cmath>

#include "optim/schedules.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

TEST_CASE("schedules: values") {
  const Schedule constant = schedules::constant(0.25);
  CHECK(constant(0) == 0.25);
  CHECK(constant(1'000'000) == 0.25);

  const Schedule linear = schedules::linear(1, 0.5, 4);
  CHECK(linear(0) == 1);
  CHECK(linear(1) == 0.875);
  CHECK(linear(4) == 0.5);
  CHECK(linear(5) == 0.5);
  CHECK(schedules::linear(0, 1, 4)(1) == 0.25);  // up as well as down

  const Schedule cosine = schedules::cosine(3, 1, 6);
  CHECK(cosine(0) == doctest::Approx(3));
  CHECK(cosine(1) == doctest::Approx(2 + std::cos(std::acos(-1) / 6)));
  CHECK(cosine(2) == doctest::Approx(2.5));
  CHECK(cosine(3) == doctest::Approx(2));
  CHECK(cosine(6) == 1);
  CHECK(cosine(60) == 1);

  const Schedule steps = schedules::steps(1, 0.5, 10);
  CHECK(steps(9) == 1);
  CHECK(steps(10) == 0.5);
  CHECK(steps(19) == 0.5);
  CHECK(steps(20) == 0.25);
}

TEST_CASE("schedules: a warm-up composes with any") {
  const Schedule warm = schedules::warm_up(4, schedules::constant(1));
  for (long t = 0; t < 8; ++t) CHECK(warm(t) == std::min(1.0, (t + 1) / 4.0));
  const Schedule cosine = schedules::cosine(1, 0, 100), warm_cosine = schedules::warm_up(10, cosine);
  CHECK(warm_cosine(4) == doctest::Approx(cosine(4) / 2));
  CHECK(warm_cosine(50) == cosine(50));
  CHECK(schedules::warm_up(2, schedules::warm_up(4, schedules::constant(1)))(0) == 0.125);
}

TEST_CASE("schedules: what they refuse") {
  CHECK(error_of([] { schedules::constant(-1); }) ==
        "constant: got a learning rate of -1; expected 0 or more; it goes against the gradient");
  CHECK(error_of([] { schedules::linear(1, NAN, 5); }) ==
        "linear: got a learning rate of nan; expected 0 or more; it goes against the gradient");
  CHECK(error_of([] { schedules::linear(1, 1, 0); }) == "linear: got 0 steps; expected 1 or more; it counts updates");
  CHECK(error_of([] { schedules::cosine(-1, 0, 5); }).starts_with("cosine: got a learning rate of -1;"));
  CHECK(error_of([] { schedules::cosine(1, INFINITY, 5); }).starts_with("cosine: got a learning rate of inf;"));
  CHECK(error_of([] { schedules::cosine(1, 0, -3); }) == "cosine: got -3 steps; expected 1 or more; it counts updates");
  CHECK(error_of([] { schedules::steps(1, 0, 5); }) ==
        "steps: got a factor of 0; expected more than 0; 0.1 and 0.5 are usual");
  CHECK(error_of([] { schedules::steps(1, 1, 0); }) == "steps: got 0 steps; expected 1 or more; it counts updates");
  CHECK(error_of([] { schedules::warm_up(0, schedules::constant(1)); }) ==
        "warm_up: got 0 steps; expected 1 or more; it counts updates");
}
