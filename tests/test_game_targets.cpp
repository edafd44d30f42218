// What the discriminator is told of pictures, and the noise that lies on them.
#include <algorithm>
#include <numeric>
#include <set>

#include "tests/tiny_game.hpp"

using namespace tapestry;

namespace {

// A loss that keeps the targets.
GanLoss listening(Tensors& targets) {
  GanLoss loss = loss_of("\"least_squares\"");
  loss.of_discriminator = [&targets, of = loss.of_discriminator](Var verdict, const Tensor& told) {
    targets.push_back(told);
    return of(verdict, told);
  };
  return loss;
}

}  // namespace

TEST_CASE("games: targets are smoothed, moved and flipped as told, by the key") {
  Tensors told;
  const auto targets = [&](TargetLabels labels, DiscriminatorStep kind, std::uint64_t seed, Index count = 2000) {
    TinyGame game;
    Recorder of_generator(game.generator.parameters()), of_discriminator(game.discriminator.parameters());
    TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, listening(told),
                      {.discriminator_step = kind, .labels = labels});
    told.clear();
    step({{pictures(count), latents(count)}}, latents(3), Random(seed), 0);
    REQUIRE(told.size() == 2);
    return std::pair(numbers_of(told[0]), numbers_of(told[1]));
  };
  const auto share = [](const Numbers& all, auto holds) {
    return double(std::count_if(all.begin(), all.end(), holds)) / double(all.size());
  };
  for (const DiscriminatorStep kind : all_steps) {
    CAPTURE(name(kind));
    const auto smooth = targets({.real = 0.875, .fake = 0.125}, kind, 1, 3);
    CHECK(smooth.first == Numbers{0.875, 0.875, 0.875});
    CHECK(smooth.second == Numbers{0.125, 0.125, 0.125});

    const auto flipped = targets({.flip = 0.25}, kind, 1);
    const double deviation = std::sqrt(0.25 * 0.75 / 2000);
    const auto is_one = [](double t) { return t == 1; };
    const auto is_zero = [](double t) { return t == 0; };
    CHECK(std::abs(share(flipped.first, is_zero) - 0.25) < 4 * deviation);
    CHECK(std::abs(share(flipped.second, is_one) - 0.25) < 4 * deviation);
    CHECK(share(flipped.first, is_one) + share(flipped.first, is_zero) == 1);
    // Real pictures and fakes have flips of their own: both at once in a sixteenth of the places.
    Index both = 0;
    for (std::size_t n = 0; n < 2000; ++n) both += flipped.first[n] == 0 && flipped.second[n] == 1;
    CHECK(std::abs(both / 2000.0 - 1.0 / 16) < 4 * std::sqrt(1.0 / 16 * 15 / 16 / 2000));
    CHECK(targets({.flip = 0.25}, kind, 1) == flipped);
    CHECK(targets({.flip = 0.25}, kind, 2) != flipped);
    CHECK(targets({.flip = 1}, kind, 1, 3).first == Numbers{0, 0, 0});
    CHECK(targets({.real = 0.875, .flip = 1}, kind, 1, 3).first == Numbers{0.125, 0.125, 0.125});

    const auto noisy = targets({.real = 0.5, .fake = 0, .noise = 0.25}, kind, 1);
    const auto [low, high] = std::minmax_element(noisy.first.begin(), noisy.first.end());
    CHECK(*low >= 0.25);
    CHECK(*low < 0.26);
    CHECK(*high <= 0.75);
    CHECK(*high > 0.74);
    CHECK(std::abs(std::accumulate(noisy.first.begin(), noisy.first.end(), 0.0) / 2000 - 0.5) <
          4 * 0.5 / std::sqrt(12 * 2000));
    CHECK(std::abs(share(noisy.second, is_zero) - 0.5) < 4 * 0.5 / std::sqrt(2000.0));  // held at 0
    CHECK(*std::max_element(noisy.second.begin(), noisy.second.end()) <= 0.25);
    CHECK(*std::min_element(noisy.second.begin(), noisy.second.end()) == 0);
  }
}

TEST_CASE("games: each round has random numbers of its own") {
  Tensors told;
  TinyGame game;
  Recorder of_generator(game.generator.parameters()), of_discriminator(game.discriminator.parameters());
  TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator, listening(told),
                    {.labels = {.flip = 0.5}});
  const Round round{pictures(64), latents(64)};
  step({round, round}, latents(3), Random(1), 0);
  REQUIRE(told.size() == 4);
  CHECK(told[0].numbers() != told[2].numbers());
  CHECK(told[1].numbers() != told[3].numbers());
}

TEST_CASE("games: the answer of the generator and what is believed know nothing of targets") {
  const auto result = [](TargetLabels labels) {
    TinyGame game;
    Recorder of_generator(game.generator.parameters()), of_discriminator(game.discriminator.parameters());
    TrainingStep step(game.generator, game.discriminator, of_generator, of_discriminator,
                      loss_of("\"bce_with_logits\""), {.labels = labels});
    const StepResult r = step({{pictures(3), latents(3)}}, latents(3), Random(1), 0);
    return std::tuple(r.generator_loss, r.d_of_x, r.d_of_g_of_z, of_generator.gradient(0));
  };
  CHECK(result({}) == result({.real = 0.5, .fake = 0.25, .noise = 0.25, .flip = 0.5}));
}

TEST_CASE("games: instance noise lies on all that the discriminator sees, and fades in a straight line to nothing") {
  const Index count = 500;  // 2000 numbers
  for (const Order order : {Order::alternating, Order::simultaneous})
    for (const DiscriminatorStep kind : all_steps) {
      if (order == Order::simultaneous && kind != DiscriminatorStep::summed) continue;
      CAPTURE(name(kind));
      const auto seen = [&](InstanceNoise noise, Index number) {
        Handed handed;
        Sequential discriminator;
        Spy& spy = discriminator.add<Spy>();
        discriminator.add<Flatten>();
        discriminator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 1}, Random(2));
        Recorder of_generator(handed.generator.parameters()), of_discriminator(discriminator.parameters());
        TrainingStep step(handed.generator, discriminator, of_generator, of_discriminator,
                          loss_of("\"bce_with_logits\""),
                          {.discriminator_step = kind, .order = order, .instance_noise = noise});
        // All pictures are black: what is seen is the noise.
        step({{Tensor({count, 1, 2, 2}, 0), Tensor({count, 4}, 0)}}, Tensor({count, 4}, 0), Random(1), number);
        return spy.seen;
      };
      const auto check = [&](const Tensors& all, double deviation) {
        std::set<double> firsts;
        std::size_t batches = 0;
        for (const Tensor& t : all)
          for (Index from = 0; from < t.size(); from += 4 * count, ++batches) {
            double sum = 0, squares = 0;
            for (Index i = from; i < from + 4 * count; ++i) sum += t[i], squares += double(t[i]) * t[i];
            CHECK(std::abs(sum / (4 * count)) <= 4 * deviation / std::sqrt(4.0 * count));
            CHECK(std::abs(std::sqrt(squares / (4 * count)) - deviation) <= 4 * deviation / std::sqrt(8.0 * count));
            firsts.insert(t[from]);
          }
        CHECK(batches == (order == Order::simultaneous ? 2 : 3));
        if (deviation > 0) CHECK(firsts.size() == batches);  // each has noise of its own
      };
      check(seen({.deviation = 0.5, .steps = 100}, 0), 0.5);
      check(seen({.deviation = 0.5, .steps = 100}, 40), 0.3);
      check(seen({.deviation = 0.5, .steps = 100}, 99), 0.005);
      check(seen({.deviation = 0.5, .steps = 100}, 100), 0);
      check(seen({.deviation = 0.5, .steps = 100}, 1000000), 0);
      check(seen({.deviation = 0.5, .steps = 0}, 1000000), 0.5);
      check(seen({}, 0), 0);
    }
}
