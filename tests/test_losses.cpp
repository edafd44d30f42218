// Losses against closed forms, at moderate and at huge numbers.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "autograd/losses.hpp"
#include "autograd/random.hpp"

using namespace tapestry;

namespace {

const double epsilon = sizeof(Real) == sizeof(float) ? 1e-6 : 1e-14;  // relative

struct LossAndSlope {
  double loss;
  std::vector<Real> slope;
};
LossAndSlope at(const std::function<Var(Var)>& loss, Tensor x) {
  Tape tape;
  const Var v = tape.variable(std::move(x)), l = loss(v);
  CHECK(l.shape() == Shape{});
  return {l.item(), tape.gradient(l, {v})[0].value().numbers()};
}

// log(1 + e^x) and 1 / (1 + e^-x) without overflow, in double.
double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double sigmoid_of(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

void check_near(double got, double expected) { CHECK(std::abs(got - expected) <= epsilon * std::abs(expected)); }

}  // namespace

TEST_CASE("bce_with_logits is exact for any logit") {
  for (double logit : {0.0, 1.0, -1.0, 60.0, -60.0, 1e4, -1e4})
    for (double target : {0.0, 0.25, 0.5, 1.0}) {
      CAPTURE(logit);
      CAPTURE(target);
      const auto [loss, slope] =
          at([&](Var l) { return bce_with_logits(l, Real(target)); }, Tensor({1, 1}, Real(logit)));
      const double expected = target * softplus_of(-logit) + (1 - target) * softplus_of(logit);
      const double sizes = std::abs(logit) + 1;  // softplus(l) - target l cancels at most this
      CHECK(std::abs(loss - expected) <= epsilon * sizes);
      CHECK(std::abs(slope[0] - (sigmoid_of(logit) - target)) <= epsilon);
    }
}

TEST_CASE("bce_with_logits, by hand") {
  const auto sure_and_wrong = at([](Var l) { return bce_with_logits(l, 0); }, Tensor({1, 1}, 60));
  CHECK(sure_and_wrong.loss == 60);
  CHECK(sure_and_wrong.slope[0] == 1);
  const auto wrong_the_other_way = at([](Var l) { return bce_with_logits(l, 1); }, Tensor({1, 1}, -10000));
  CHECK(wrong_the_other_way.loss == 10000);
  CHECK(wrong_the_other_way.slope[0] == -1);
  const auto undecided = at([](Var l) { return bce_with_logits(l, 1); }, Tensor({2, 1}, 0));
  check_near(undecided.loss, std::log(2.0));
  CHECK(undecided.slope == std::vector<Real>{Real(-0.25), Real(-0.25)});  // -1/2, over a batch of two
}

TEST_CASE("bce_with_logits, one target for each sample") {
  const Tensor targets({3, 1}, {0, 1, Real(0.25)});
  const auto [loss, slope] = at([&](Var l) { return bce_with_logits(l, targets); }, Tensor({3, 1}, {2, -1, Real(0.5)}));
  check_near(loss, (softplus_of(2) + softplus_of(1) + 0.25 * softplus_of(-0.5) + 0.75 * softplus_of(0.5)) / 3);
  check_near(slope[0], sigmoid_of(2) / 3);
  check_near(slope[1], (sigmoid_of(-1) - 1) / 3);
  check_near(slope[2], (sigmoid_of(0.5) - 0.25) / 3);
  for (Real target : {Real(0), Real(0.25), Real(1)}) {
    const Tensor logits = Random(3)("logits").normal({5, 1});
    const Real one = bce_with_logits(logits, target).item(),
               many = bce_with_logits(logits, Tensor({5, 1}, target)).item();
    check_near(many, one);
  }
  CHECK_THROWS_AS(bce_with_logits(Tensor({3, 1}, 0), Tensor({2, 1}, 0)), Error);
}

TEST_CASE("bce_on_probabilities") {
  for (double p : {0.25, 0.5, 0.75})
    for (double target : {0.0, 0.25, 1.0}) {
      const auto [loss, slope] =
          at([&](Var x) { return bce_on_probabilities(x, Real(target)); }, Tensor({1, 1}, Real(p)));
      check_near(loss, -target * std::log(p) - (1 - target) * std::log(1 - p));
      check_near(slope[0], (1 - target) / (1 - p) - target / p);
    }
  const auto batch = at([](Var x) { return bce_on_probabilities(x, 1); }, Tensor({2, 1}, {Real(0.5), Real(0.25)}));
  check_near(batch.loss, (std::log(2.0) + std::log(4.0)) / 2);
}

TEST_CASE("bce_on_probabilities is clipped at 1e-7") {
  const Real low = Real(1e-7), high = 1 - low;  // as Real has them
  const auto loss_at = [](Real p, Real target) {
    return at([=](Var x) { return bce_on_probabilities(x, target); }, Tensor({1, 1}, p));
  };
  check_near(loss_at(0, 1).loss, -std::log(double(low)));
  check_near(loss_at(-3, 1).loss, -std::log(double(low)));
  CHECK(loss_at(0, 1).slope[0] == 0);  // outside the bounds: Keras has none there either
  check_near(loss_at(1, 0).loss, -std::log(1 - double(high)));
  CHECK(loss_at(1, 0).slope[0] == 0);
  CHECK(std::abs(loss_at(1, 1).loss) <= 2e-7);
  CHECK(std::abs(loss_at(0, 0).loss) <= 2e-7);
}

TEST_CASE("softmax_cross_entropy against the definition") {
  const Index N = 6, K = 5;
  const Tensor logits = Random(4)("logits").normal({N, K}, 0, 2);
  const std::vector<int> labels = {0, 4, 2, 2, 1, 3};
  const auto [loss, slope] = at([&](Var l) { return softmax_cross_entropy(l, labels); }, logits);
  double expected = 0;
  for (Index n = 0; n < N; ++n) {
    double total = 0;
    for (Index k = 0; k < K; ++k) total += std::exp(double(logits[n * K + k]));
    expected -= std::log(std::exp(double(logits[n * K + labels[n]])) / total) / N;
    for (Index k = 0; k < K; ++k) {
      const double softmax = std::exp(double(logits[n * K + k])) / total;
      CHECK(std::abs(slope[n * K + k] - (softmax - (k == labels[n])) / N) <= epsilon);
    }
  }
  check_near(loss, expected);
}

TEST_CASE("softmax_cross_entropy is exact on huge logits") {
  const auto loss_at = [](std::vector<Real> row, int label) {
    return at([=](Var l) { return softmax_cross_entropy(l, {label}); }, Tensor({1, Index(row.size())}, row));
  };
  check_near(loss_at({0, 0}, 1).loss, std::log(2.0));
  CHECK(loss_at({10000, -10000}, 0).loss == 0);
  CHECK(loss_at({10000, -10000}, 1).loss == 20000);
  CHECK(loss_at({10000, -10000}, 1).slope == std::vector<Real>{1, -1});
  CHECK(loss_at({-10000, -10000, -10060}, 2).loss == doctest::Approx(60 + std::log(2.0)).epsilon(1e-6));
  check_near(loss_at({10000, 10000}, 0).loss, std::log(2.0));
  CHECK(loss_at({1000, 1060, 1000}, 1).loss <= 1e-25);
}

TEST_CASE("labels that are out of range, too many or too few") {
  const Tensor logits({3, 4}, 0);
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(logits, {0, 1, 4}),
                       "softmax_cross_entropy: got label 4 in row 2; expected 0 to 3", Error);
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(logits, {0, -1, 3}),
                       "softmax_cross_entropy: got label -1 in row 1; expected 0 to 3", Error);
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(logits, {0, 1}),
                       "softmax_cross_entropy: got logits (3, 4) and 2 labels; expected (N, K) and N labels", Error);
  CHECK_THROWS_AS(softmax_cross_entropy(Tensor({4}, 0), {0}), Error);
}

TEST_CASE("mean_squared_error") {
  const Tensor target({2, 2}, {1, 1, 1, 1});
  const auto [loss, slope] = at([&](Var x) { return mean_squared_error(x, target); }, Tensor({2, 2}, {1, 2, 3, -1}));
  CHECK(loss == doctest::Approx(9.0 / 4));
  CHECK(slope == std::vector<Real>{0, Real(0.5), 1, -1});
}
