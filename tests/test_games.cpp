// Every way to play a step, against a small game in plain double: values and gradients, penalties, clipping, targets,
// noise, and who learns when.
#include <numeric>

#include "optim/sgd.hpp"
#include "tests/layer_helpers.hpp"
#include "tests/plain_losses.hpp"

using namespace tapestry;

namespace {

const double exact = sizeof(Real) == 8 ? 1e-12 : 5e-6;
const double near = sizeof(Real) == 8 ? 1e-8 : 5e-5;  // where differences of values are compared

// What one round of the discriminator minimises, in plain double.
struct PlainRound {
  const PlainLoss& loss;
  const TinyGame& game;
  std::vector<Numbers> real, fake, under_penalty;
  double target_of_real = 1, target_of_fake = 0;

  double on(const std::vector<Numbers>& pictures, double target, const Numbers& weights) const {
    return mean_of(pictures,
                   [&](const Numbers& x) { return loss.of_discriminator(game.plain_verdict(weights, x), target); });
  }
  double on_real(const Numbers& weights) const { return on(real, target_of_real, weights); }
  double on_fake(const Numbers& weights) const { return on(fake, target_of_fake, weights); }
  double penalty(const Numbers& weights) const {
    return mean_of(under_penalty, [&](const Numbers& x) {
      double squared = 0;
      for (const double slope : differences([&](const Numbers& x) { return game.plain_verdict(weights, x)[0]; }, x))
        squared += slope * slope;
      return loss.between * std::pow(std::sqrt(squared) - 1, 2) + loss.real / 2 * squared;
    });
  }
  double belief(const std::vector<Numbers>& pictures, const Numbers& weights) const {
    return mean_of(pictures, [&](const Numbers& x) { return loss.belief(game.plain_verdict(weights, x)); });
  }
};

// A discriminator whose slope at a picture is the picture: half of the sum of its squares, times a weight of 1.
class HalfOfSquares : public Layer {
 public:
  HalfOfSquares() : weight_(parameter("weight", Tensor({1}, 1))) {}
  Var operator()(const Pass& pass, Var x) override {
    return reshape(sum(flatten(x * x), {1}) * pass.weight(weight_) * Real(0.5), {x.shape()[0], 1});
  }
  Shape output_shape(const Shape& input) const override { return {input[0], 1}; }
  std::string kind() const override { return "half_of_squares"; }

 private:
  Parameter& weight_;
};

}  // namespace

TEST_CASE("games: every step of every loss has the values and gradients of its definition") {
  for (const PlainLoss& plain : plain_losses()) {
    CAPTURE(plain.json);
    for (const DiscriminatorStep kind : all_steps) {
      CAPTURE(name(kind));
      const bool penalised = plain.between > 0 || plain.real > 0;
      if (penalised && kind == DiscriminatorStep::separate) continue;  // refused by configurations
      TinyGame game(plain.outputs, plain.sigmoid);
      const Numbers d = numbers_of(game.discriminator.parameters()), g = numbers_of(game.generator.parameters());
      const Tensor z = latents(5), z_g = Random(13)("latents").normal({6, TinyGame::latent});
      const Tensor fake = game.generator(Pass::evaluation(), z).value();
      // Between a picture and itself there is only one place. The last batch of an epoch is shorter.
      const Tensor real = plain.between > 0 ? slice(fake, 0, 0, 3).value() : pictures(3);
      const std::vector<Numbers> at = penalised ? rows_of(real) : std::vector<Numbers>{};
      PlainRound round{plain, game, rows_of(real), rows_of(fake), at};
      Game rules{.discriminator_step = kind};
      if (plain.smooth) {
        rules.labels.real = round.target_of_real = 0.875;
        rules.labels.fake = round.target_of_fake = 0.25;
      }

      GanLoss loss = loss_of(plain.json);
      loss.clip = 0;  // no weight is to move here
      Recorder of_generator(game.generator.parameters()), of_discriminator(game.discriminator.parameters());
      TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, loss, rules);
      const StepResult result = step({{real, z}}, z_g, Random(1), 0);

      const double extra = penalised ? round.penalty(d) : 0, on_real = round.on_real(d), on_fake = round.on_fake(d);
      const bool one_batch = kind == DiscriminatorStep::concatenated;
      const double share = one_batch ? 3.0 / 8 : 1, rest = one_batch ? 5.0 / 8 : 1;
      CHECK(result.loss_on_real == doctest::Approx(on_real).epsilon(exact));
      CHECK(result.loss_on_fake == doctest::Approx(on_fake).epsilon(exact));
      CHECK(result.penalty == doctest::Approx(extra).epsilon(near));
      CHECK(result.discriminator_loss == doctest::Approx(share * on_real + rest * on_fake + extra).epsilon(near));
      CHECK(result.d_of_x == doctest::Approx(round.belief(round.real, d)).epsilon(exact));
      CHECK(result.d_of_g_of_z == doctest::Approx(round.belief(round.fake, d)).epsilon(exact));
      CHECK(result.code_loss == 0);

      if (kind == DiscriminatorStep::separate) {
        REQUIRE(of_discriminator.steps() == 2);
        CHECK(off(of_discriminator.gradient(0), differences([&](const Numbers& w) { return round.on_real(w); }, d)) <
              near);
        CHECK(off(of_discriminator.gradient(1), differences([&](const Numbers& w) { return round.on_fake(w); }, d)) <
              near);
      } else {
        REQUIRE(of_discriminator.steps() == 1);
        const auto all = [&](const Numbers& w) {
          return share * round.on_real(w) + rest * round.on_fake(w) + (penalised ? round.penalty(w) : 0);
        };
        CHECK(off(of_discriminator.gradient(0), differences(all, d)) < near);
      }

      const auto answer = [&](const Numbers& w) {
        return mean_of(rows_of(z_g), [&](const Numbers& z) {
          return plain.of_generator(game.plain_verdict(d, TinyGame::plain_picture(w, z)));
        });
      };
      REQUIRE(of_generator.steps() == 1);
      CHECK(result.generator_loss == doctest::Approx(answer(g)).epsilon(exact));
      CHECK(off(of_generator.gradient(0), differences(answer, g)) < near);
    }
  }
}

TEST_CASE("games: both gradients of a simultaneous step are taken before either network moves") {
  for (const PlainLoss& plain : plain_losses()) {
    CAPTURE(plain.json);
    for (const Order order : {Order::simultaneous, Order::alternating}) {
      const bool at_once = order == Order::simultaneous;
      CAPTURE(at_once);
      TinyGame game(plain.outputs, plain.sigmoid);
      const Numbers d = numbers_of(game.discriminator.parameters()), g = numbers_of(game.generator.parameters());
      const Tensor z = latents(5), fake = game.generator(Pass::evaluation(), z).value();
      const bool penalised = plain.between > 0 || plain.real > 0;
      const Tensor real = plain.between > 0 ? slice(fake, 0, 0, 3).value() : pictures(3);
      const std::vector<Numbers> at = penalised ? rows_of(real) : std::vector<Numbers>{};
      const PlainRound round{plain, game, rows_of(real), rows_of(fake), at};

      Recorder of_generator(game.generator.parameters());
      Sgd of_discriminator(game.discriminator.parameters(), {.learning_rate = 0.0625});
      TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, loss_of(plain.json),
                        {.fakes = Fakes::shared, .order = order});
      const StepResult result = step({{real, z}}, z, Random(1), 0);

      const auto loss_of_d = [&](const Numbers& w) {
        return round.on_real(w) + round.on_fake(w) + (penalised ? round.penalty(w) : 0);
      };
      Numbers moved = d;
      const Numbers slope = differences(loss_of_d, d);
      const double limit = plain.json == "\"wasserstein\"" ? 0.01 : 1e30;
      for (std::size_t i = 0; i < d.size(); ++i) moved[i] = std::clamp(d[i] - 0.0625 * slope[i], -limit, limit);
      CHECK(off(numbers_of(game.discriminator.parameters()), moved) < near);
      CHECK(result.discriminator_loss == doctest::Approx(loss_of_d(d)).epsilon(near));
      CHECK(result.d_of_x == doctest::Approx(round.belief(round.real, d)).epsilon(exact));
      CHECK(result.d_of_g_of_z == doctest::Approx(round.belief(round.fake, d)).epsilon(exact));
      CHECK((result.penalty > 0) == penalised);

      const Numbers met = at_once ? d : moved;
      const auto answer = [&](const Numbers& w) {
        return mean_of(rows_of(z), [&](const Numbers& z) {
          return plain.of_generator(game.plain_verdict(met, TinyGame::plain_picture(w, z)));
        });
      };
      CHECK(result.generator_loss == doctest::Approx(answer(g)).epsilon(near));
      CHECK(off(of_generator.gradient(0), differences(answer, g)) < near);
    }
  }
}

TEST_CASE("games: a penalty lies at random places between real pictures and fakes, one for each pair") {
  Handed handed;
  Sequential discriminator;
  discriminator.add<HalfOfSquares>();
  Recorder of_generator(handed.generator.parameters()), of_discriminator(discriminator.parameters());
  TrainingStep step(handed.generator, discriminator, of_generator, of_discriminator,
                    loss_of(R"({"type": "wasserstein_gp", "weight": 1})"), {});
  // Real (5, 0, 0, 0), fake (2, 0, 0, 0): the slope between has the length 2 + 3 share.
  const auto share_of_real = [&](Random random, Index step_number) {
    const StepResult r = step({{Tensor({1, 1, 2, 2}, {5, 0, 0, 0}), Tensor({1, 4}, {2, 0, 0, 0})}}, Tensor({1, 4}, 1),
                              random, step_number);
    return (1 + std::sqrt(r.penalty) - 2) / 3;
  };
  std::vector<double> shares;
  for (Index i = 0; i < 400; ++i) shares.push_back(share_of_real(Random(i), 0));
  CHECK(*std::min_element(shares.begin(), shares.end()) > -1e-6);
  CHECK(*std::min_element(shares.begin(), shares.end()) < 0.02);
  CHECK(*std::max_element(shares.begin(), shares.end()) < 1 + 1e-6);
  CHECK(*std::max_element(shares.begin(), shares.end()) > 0.98);
  const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / 400;
  CHECK(std::abs(mean - 0.5) < 4 * std::sqrt(1.0 / 12 / 400));
  CHECK(share_of_real(Random(7), 3) == share_of_real(Random(7), 9));  // by the key

  const auto penalty_of = [&](Index pairs) {
    Tensor real({pairs, 1, 2, 2}, 0), z({pairs, 4}, 0);
    for (Index n = 0; n < pairs; ++n) real.writable()[4 * n] = 5, z.writable()[4 * n] = 2;
    return step({{real, z}}, z, Random(7), 0).penalty;
  };
  const double one = penalty_of(1), two = penalty_of(2);
  const double of_second = 2 * two - one;  // two is the mean; the second pair has a place of its own
  CHECK(of_second != one);
  CHECK(of_second >= 1);
  CHECK(of_second <= 16);
}

TEST_CASE("games: a penalty is finite where the discriminator is flat") {
  for (const std::string loss : {"\"wasserstein_gp\"", "\"r1\""}) {
    CAPTURE(loss);
    TinyGame game;
    Parameter* const last = game.discriminator.parameters()[2];
    last->assign(Tensor(last->shape(), 0));
    Recorder of_generator(game.generator.parameters()), of_discriminator(game.discriminator.parameters());
    TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, loss_of(loss), {});
    const StepResult result = step({{pictures(3), latents(3)}}, latents(3), Random(1), 0);
    CHECK(result.penalty == doctest::Approx(loss == "\"r1\"" ? 0 : 10).epsilon(1e-5));
    for (const double number : of_discriminator.gradient(0)) CHECK(std::isfinite(number));
  }
}

TEST_CASE("games: a critic's weights are clipped after each of its updates, and nobody else's") {
  // Far beyond the limit, each time.
  class Leap : public Optimizer {
   public:
    Leap(Parameters parameters, double limit) : Optimizer("leap", std::move(parameters), 1), limit_(limit) {}

   private:
    void update(Parameter& parameter, const Tensor&, const Step& step) override {
      if (step.t > 1)
        for (const Real w : parameter.value().numbers()) CHECK(std::abs(w) <= Real(limit_));
      parameter.assign((Var(parameter.value()) + (step.t % 2 ? Real(7) : Real(-7))).value());
    }
    double limit_;
  };
  for (const DiscriminatorStep kind : all_steps) {
    CAPTURE(name(kind));
    TinyGame game;
    Leap of_generator(game.generator.parameters(), 1e9), of_discriminator(game.discriminator.parameters(), 0.125);
    TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator,
                      loss_of(R"({"type": "wasserstein", "clip": 0.125})"), {.discriminator_step = kind});
    const Numbers g = numbers_of(game.generator.parameters());
    const Round round{pictures(3), latents(3)};
    step({round, round, round}, latents(3), Random(1), 0);
    CHECK(of_discriminator.steps() == (kind == DiscriminatorStep::separate ? 6 : 3));
    const double sign = of_discriminator.steps() % 2 ? 1 : -1;
    for (const double w : numbers_of(game.discriminator.parameters())) CHECK(w == sign * 0.125);
    Numbers expected = g;
    for (double& w : expected) w = Real(Real(w) + 7);
    CHECK(numbers_of(game.generator.parameters()) == expected);
  }
}

TEST_CASE("games: the discriminator learns from each round, the generator once; neither moves the other") {
  for (const DiscriminatorStep kind : all_steps) {
    CAPTURE(name(kind));
    TinyGame game;
    Sequential discriminator;
    Spy& spy = discriminator.add<Spy>();
    discriminator.add<Flatten>();
    discriminator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 1}, Random(2));
    const Numbers d = numbers_of(discriminator.parameters()), g = numbers_of(game.generator.parameters());
    const Round rounds[] = {{pictures(3), latents(3)}, {pictures(5), Random(5).normal({3, 4})}};
    {
      Recorder of_generator(game.generator.parameters());
      Sgd of_discriminator(discriminator.parameters(), {.learning_rate = 0.1});
      TrainingStep step(game.generator, discriminator, of_generator, of_discriminator, loss_of("\"bce_with_logits\""),
                        {.discriminator_step = kind});
      step({rounds[0], rounds[1]}, latents(2), Random(1), 0);
      CHECK(of_discriminator.steps() == (kind == DiscriminatorStep::separate ? 4 : 2));
      CHECK(of_generator.steps() == 1);
      CHECK(numbers_of(game.generator.parameters()) == g);
      CHECK(numbers_of(discriminator.parameters()) != d);
    }
    // What it saw: real pictures and fakes of both rounds, then those of the answer.
    std::vector<Tensor> expected;
    for (const Round& round : rounds) {
      const Tensor fake = game.generator(Pass::evaluation(), round.latents.x).value();
      if (kind == DiscriminatorStep::concatenated) {
        expected.push_back(concat({round.real.x, fake}, 0).value());
      } else {
        expected.push_back(round.real.x);
        expected.push_back(fake);
      }
    }
    expected.push_back(game.generator(Pass::evaluation(), latents(2)).value());
    REQUIRE(spy.seen.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(spy.seen[i].numbers() == expected[i].numbers());

    Sgd of_generator(game.generator.parameters(), {.learning_rate = 0.1});
    Recorder of_discriminator(discriminator.parameters());
    TrainingStep step(game.generator, discriminator, of_generator, of_discriminator, loss_of("\"bce_with_logits\""),
                      {.discriminator_step = kind});
    const Numbers before = numbers_of(discriminator.parameters());
    step({rounds[0]}, latents(2), Random(1), 0);
    CHECK(numbers_of(discriminator.parameters()) == before);
    CHECK(numbers_of(game.generator.parameters()) != g);
  }
}

TEST_CASE("games: running statistics follow the generator's own step and the discriminator's looks, not the penalty") {
  for (const std::string loss : {"\"bce_with_logits\"", "\"wasserstein_gp\""}) {
    CAPTURE(loss);
    Handed handed;
    handed.generator.add<BatchNorm>(Shape{1, 1, 2, 2}, BatchNormOptions{}, Random(1));
    Sequential discriminator;
    discriminator.add<BatchNorm>(Shape{1, 1, 2, 2}, BatchNormOptions{}, Random(1));
    discriminator.add<Flatten>();
    discriminator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 1}, Random(2));
    Recorder of_generator(handed.generator.parameters()), of_discriminator(discriminator.parameters());
    TrainingStep step(handed.generator, discriminator, of_generator, of_discriminator, loss_of(loss), {});
    const Buffer& of_g = *handed.generator.buffers()[0];
    const Buffer& of_d = *discriminator.buffers()[0];
    const long g = of_g.version(), d = of_d.version();
    const Round round{pictures(3), latents(3)};
    step({round, round}, latents(3), Random(1), 0);
    CHECK(of_g.version() - g == 1);  // making fakes for the discriminator leaves them alone
    CHECK(of_d.version() - d == 5);  // real and fake, twice, and the answer
  }
}

TEST_CASE("games: pretraining tells both kinds apart by the game's targets, without noise, and counts what was right") {
  TinyGame game;
  PlainLoss plain = plain_losses()[1];
  const Tensor real = pictures(5), noise = Random(9).uniform({5, 1, 2, 2}, -1, 1);
  const Numbers d = numbers_of(game.discriminator.parameters());
  const PlainRound round{plain, game, rows_of(real), rows_of(noise), {}, 0.875};
  Recorder of_generator(game.generator.parameters()), of_discriminator(game.discriminator.parameters());
  TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, loss_of(plain.json),
                    {.labels = {.real = 0.875}, .instance_noise = {.deviation = 3}});
  step({{real, latents(5)}}, latents(5), Random(1), 0);  // a step of the game leaves no noise behind
  const StepResult result = step.pretrain(real, noise, Random(1));
  CHECK(of_generator.steps() == 1);
  REQUIRE(of_discriminator.steps() == 3);
  CHECK(off(of_discriminator.gradient(1), differences([&](const Numbers& w) { return round.on_real(w); }, d)) < near);
  CHECK(off(of_discriminator.gradient(2), differences([&](const Numbers& w) { return round.on_fake(w); }, d)) < near);
  const auto share_above = [&](const std::vector<Numbers>& pictures) {
    return mean_of(pictures, [&](const Numbers& x) { return double(plain.belief(game.plain_verdict(d, x)) > 0.5); });
  };
  CHECK(result.accuracy_on_real == doctest::Approx(share_above(rows_of(real))));
  CHECK(result.accuracy_on_fake == doctest::Approx(1 - share_above(rows_of(noise))));
  CHECK(step.accuracy(real, true) == result.accuracy_on_real);
  CHECK(step.accuracy(noise, false) == result.accuracy_on_fake);
  CHECK(step.accuracy(real, false) == doctest::Approx(1 - result.accuracy_on_real));
}

TEST_CASE("games: accuracy counts by the middle of the loss") {
  Handed handed;
  Sequential discriminator;  // the sum of the four numbers
  discriminator.add<Flatten>();
  discriminator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 1, .weight_initializer = constant(1)}, Random(1));
  Recorder of_generator(handed.generator.parameters()), of_discriminator(discriminator.parameters());
  const Tensor scores({4, 1, 2, 2}, {Real(-0.25), 0, 0, 0, Real(0.25), 0, 0, 0, Real(0.75), 0, 0, 0, 2, 0, 0, 0});
  for (const auto& expected : std::vector<std::pair<std::string, double>>{
           {"\"least_squares\"", 0.5}, {"\"wasserstein\"", 0.75}, {"\"hinge\"", 0.75}, {"\"bce_with_logits\"", 0.75}}) {
    const std::string loss = expected.first;
    const double real = expected.second;
    CAPTURE(loss);
    TrainingStep step(handed.generator, discriminator, of_generator, of_discriminator, loss_of(loss), {});
    CHECK(step.accuracy(scores, true) == real);
    CHECK(step.accuracy(scores, false) == 1 - real);
  }
}
