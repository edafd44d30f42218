// Each loss of the game by itself: values and slopes against definitions in plain double, beliefs, and errors.
#include "autograd/gradient_check.hpp"
#include "tests/layer_helpers.hpp"
#include "tests/plain_losses.hpp"

using namespace tapestry;

namespace {

const double exact = sizeof(Real) == 8 ? 1e-13 : 2e-6;

// Verdicts as a loss gets them from the discriminator, (N, outputs).
Var verdicts(const PlainLoss& plain, const GanLoss& loss, Var v) {
  return plain.sigmoid && !loss.through_logit ? sigmoid(v) : v;
}

Tensor some_verdicts(const PlainLoss& plain) {
  const std::vector<Real> numbers = {Real(-1.5), Real(0.25), 2, Real(-0.75), Real(1.25), Real(0.4), -3, Real(0.6)};
  return Tensor({4, plain.outputs}, std::vector<Real>(numbers.begin(), numbers.begin() + 4 * plain.outputs));
}

struct Both {
  double value;
  Numbers slope;
};
Both at(const std::function<Var(Var)>& f, const Tensor& x) {
  Tape tape;
  const Var v = tape.variable(x), y = f(v);
  CHECK(y.shape() == Shape{});
  return {y.item(), numbers_of(std::move(tape).gradient(y, {v})[0].value())};
}

std::string error_of_loss(const std::string& json) {
  return error_of([&] { loss_of(json); });
}

}  // namespace

TEST_CASE("losses: values and slopes are those of the definitions") {
  for (const PlainLoss& plain : plain_losses()) {
    CAPTURE(plain.json);
    const GanLoss loss = loss_of(plain.json);
    const Tensor v = some_verdicts(plain);
    // Some real, some fake, and smoothed where that is allowed.
    for (const std::vector<Real>& told : std::vector<std::vector<Real>>{
             {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 1, 1, 0}, {Real(0.875), Real(0.25), 1, Real(0.5)}}) {
      if (!plain.smooth && told[3] == Real(0.5)) continue;
      const Tensor targets({4}, told);
      const auto plain_mean = [&](const Numbers& x) {
        double sum = 0;
        for (Index n = 0; n < 4; ++n) {
          const double* const row = x.data() + n * plain.outputs;
          sum += plain.of_discriminator(Numbers(row, row + plain.outputs), told[n]);
        }
        return sum / 4;
      };
      const Both got = at([&](Var x) { return loss.of_discriminator(verdicts(plain, loss, x), targets); }, v);
      CHECK(got.value == doctest::Approx(plain_mean(numbers_of(v))).epsilon(exact));
      CHECK(off(got.slope, differences(plain_mean, numbers_of(v))) < std::max(exact, 1e-10));
    }
    const auto plain_mean = [&](const Numbers& x) {
      return mean_of(rows_of(Tensor(v.shape(), std::vector<Real>(x.begin(), x.end()))), plain.of_generator);
    };
    const Both got = at([&](Var x) { return loss.of_generator(verdicts(plain, loss, x)); }, v);
    CHECK(got.value == doctest::Approx(plain_mean(numbers_of(v))).epsilon(exact));
    if (sizeof(Real) == 8) CHECK(off(got.slope, differences(plain_mean, numbers_of(v))) < 1e-10);

    const Tensor belief = loss.belief(verdicts(plain, loss, v)).value();
    REQUIRE(belief.shape() == Shape{4, 1});
    const std::vector<Numbers> rows = rows_of(v);
    for (Index n = 0; n < 4; ++n) CHECK(belief[n] == doctest::Approx(plain.belief(rows[n])).epsilon(exact));
    CHECK(loss.middle == plain.middle);
    CHECK(loss.outputs == plain.outputs);
    CHECK(loss.smooth_targets == plain.smooth);
    CHECK((loss.head == Head::probability) == plain.sigmoid);
    const double weight = std::max(plain.between, plain.real);
    CHECK(loss.penalty_weight == weight);
    CHECK((loss.penalty_at == PenaltyAt::between) == (plain.between > 0));
    CHECK((loss.penalty_at == PenaltyAt::real) == (plain.real > 0));
    CHECK(loss.believes_in_probabilities() == (plain.belief({0, 0}) == 0.5));
  }
}

TEST_CASE("losses: gradients to the second order" * doctest::skip(sizeof(Real) == 4)) {
  for (const PlainLoss& plain : plain_losses()) {
    const GanLoss loss = loss_of(plain.json);
    const bool linear = !plain.smooth;  // hinge and Wasserstein consist of straight pieces
    const GradientCheckOptions options{.function = plain.json, .zero_from_order = linear ? 2 : 0};
    const Tensor targets({4}, {1, 0, 1, 0});
    const GradientCheck of_discriminator =
        check_grads([&](const Vars& x) { return loss.of_discriminator(verdicts(plain, loss, x[0]), targets); },
                    {some_verdicts(plain)}, 2, options);
    CHECK_MESSAGE(of_discriminator.ok(), of_discriminator);
    const GradientCheck of_generator =
        check_grads([&](const Vars& x) { return loss.of_generator(verdicts(plain, loss, x[0])); },
                    {some_verdicts(plain)}, 2, options);
    CHECK_MESSAGE(of_generator.ok(), of_generator);
  }
}

TEST_CASE("losses, by hand") {
  const Tensor scores({2, 1}, {3, -1}), real({2}, 1), fake({2}, 0);
  const auto pair = [&](const char* word) {
    const GanLoss loss = loss_of('"' + std::string(word) + '"');
    return std::pair<double, double>(loss.of_discriminator(scores, real).item(),
                                     loss.of_discriminator(scores, fake).item());
  };
  CHECK(pair("least_squares") == std::pair(0.5 * (4 + 4) / 2, 0.5 * (9 + 1) / 2));
  CHECK(pair("hinge") == std::pair((0 + 2) / 2.0, (4 + 0) / 2.0));
  CHECK(pair("wasserstein") == std::pair(-1.0, 1.0));
  for (const char* word : {"hinge", "wasserstein", "wasserstein_gp"})
    CHECK(loss_of('"' + std::string(word) + '"').of_generator(scores).item() == -1);
  CHECK(loss_of("\"least_squares\"").of_generator(scores).item() == 2);

  // Half of the pictures are flipped: what is called fake has the other sign.
  const Tensor mixed({2}, {0, 1});
  CHECK(loss_of("\"wasserstein\"").of_discriminator(scores, mixed).item() == 2);  // (3 + 1) / 2
  CHECK(loss_of("\"hinge\"").of_discriminator(scores, mixed).item() == 3);        // (4 + 2) / 2
}

TEST_CASE("losses: of a discriminator that is sure, exact from the logit, without slope where the game saturates") {
  const Tensor sure({1, 1}, -60);
  for (const char* word : {"\"bce\"", "\"bce_with_logits\"", "\"r1\""}) {
    const Both got = at([&](Var v) { return loss_of(word).of_generator(v); }, sure);
    CHECK(got.value == 60);
    CHECK(got.slope[0] == -1);
  }
  const Both saturated = at([](Var v) { return loss_of("\"saturating\"").of_generator(v); }, sure);
  CHECK(std::abs(saturated.value) < 1e-20);
  CHECK(std::abs(saturated.slope[0]) < 1e-20);
}

TEST_CASE("losses: their own numbers, defaults and mistakes") {
  CHECK(loss_of("\"wasserstein\"").clip == 0.01);
  CHECK(loss_of(R"({"type": "wasserstein", "clip": 0.5})").clip == 0.5);
  CHECK(loss_of("\"wasserstein_gp\"").penalty_weight == 10);
  CHECK(loss_of("\"wasserstein_gp\"").clip == 0);
  CHECK(loss_of("\"r1\"").penalty_weight == 10);
  CHECK(error_of_loss(R"({"type": "wasserstein", "clip": 0})") ==
        "c.json:1:42: /loss/clip is 0; expected a number above 0");
  CHECK(error_of_loss(R"({"type": "wasserstein_gp", "weight": -1})") ==
        "c.json:1:47: /loss/weight is -1; expected a number above 0");
  CHECK(error_of_loss(R"({"type": "r1", "wieght": 1})") ==
        "c.json:1:25: /loss/wieght is not a known key; did you mean \"weight\"?");
  CHECK(error_of_loss(R"({"type": "hinge", "weight": 1})") ==
        "c.json:1:28: /loss/weight is not a known key; expected one of \"type\"");
  CHECK(error_of_loss(R"({"weight": 1})").starts_with("c.json:1:10: /loss/type is missing; expected one of \"bce\", "));
  CHECK(error_of_loss("7").starts_with("c.json:1:10: /loss is 7; expected one of \"bce\", "));
}

TEST_CASE("losses: targets that are none") {
  const auto told = [](const char* word, Index outputs, Tensor targets) {
    return error_of([&] { loss_of(word).of_discriminator(Tensor({2, outputs}, Real(0.5)), targets); });
  };
  const Tensor high({2}, {1, Real(1.5)});
  for (const char* word : {"\"bce\"", "\"bce_with_logits\"", "\"saturating\"", "\"r1\""})
    CHECK(told(word, 1, high) == "bce_with_logits: got a target of 1.5; expected 0 (fake) to 1 (real)");
  CHECK(told("\"bce_on_probabilities\"", 1, high) ==
        "bce_on_probabilities: got a target of 1.5; expected 0 (fake) to 1 (real)");
  CHECK(told("\"softmax\"", 2, Tensor({2}, {0, -1})) ==
        "softmax_cross_entropy: got a target of 2; expected 0 (fake) to 1 (real)");
  CHECK(told("\"bce\"", 1, Tensor({3}, 1)) ==
        "bce_with_logits: got predictions (2, 1) and targets (3, 1); expected equal shapes");
  CHECK(told("\"least_squares\"", 1, Tensor({3}, 1)) ==
        "mean_squared_error: got shapes (2, 1) and (3, 1); expected equal ones");
}
