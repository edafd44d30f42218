// One step of training: it asks the system for no more memory, and its work is known.
#include <doctest/doctest.h>

#include "apps/common/step_cost.hpp"
#include "apps/common/training_step.hpp"
#include "autograd/machine.hpp"
#include "autograd/memory.hpp"
#include "datasets/synthetic_digits.hpp"
#include "tests/program.hpp"

using namespace tapestry;

namespace {

// Steps until every class of blocks has been met. Where blocks are not recycled there is nothing to settle, and a step
// takes a hundred times as long.
constexpr Index settling = memory::recycles ? 20 : 2;

}  // namespace

TEST_CASE("training steps recycle all their memory") {
  // On one thread: how many blocks several of them hold at once is a matter of luck.
  use_threads(1);
  const Configuration c = read_configuration(JsonSource("small", small_configuration), mnist_trainer);
  const Dataset dataset = synthetic_digits(210, 5);
  Batches batches(210, 40, BatchPolicy::shuffled_keep, Random(5)("batches"));
  const auto generator_optimizer = c.generator_optimizer(c.generator->parameters());
  const auto discriminator_optimizer = c.discriminator_optimizer(c.discriminator->parameters());
  for (const DiscriminatorStep kind :
       {DiscriminatorStep::summed, DiscriminatorStep::concatenated, DiscriminatorStep::separate}) {
    TrainingStep step(*c.generator, *c.discriminator, *generator_optimizer, *discriminator_optimizer, c.loss, {kind});
    memory::Usage settled{};
    for (Index number = 0; number < 3 * settling; ++number) {
      CAPTURE(number);
      const Random random = Random(5)(number);
      step({{gather(dataset, batches.indices(number), c.data.scale), random("d").normal({40, 8})}},
           random("g").normal({40, 8}), random, number);
      const memory::Usage now = memory::usage();
      if (number < settling) settled = now;
      REQUIRE(now.live_bytes == settled.live_bytes);
      if (memory::recycles) REQUIRE(now.blocks_from_system == settled.blocks_from_system);
    }
  }
  if (!memory::recycles) MESSAGE("skipped: AddressSanitizer gets every block anew, so blocks are not counted");
  use_threads(0);
}

TEST_CASE("real pictures and fakes get dropout masks of their own") {
  const auto believed = [](const std::string& rate, Order order) {
    const std::string configuration = replaced(small_configuration, R"({"type": "dropout", "rate": 0.3})",
                                               R"({"type": "dropout", "rate": )" + rate + "}");
    const Configuration c = read_configuration(
        JsonSource("small", replaced(configuration, R"({"type": "dropout", "rate": 0.1},)", "")), mnist_trainer);
    const auto generator_optimizer = c.generator_optimizer(c.generator->parameters());
    const auto discriminator_optimizer = c.discriminator_optimizer(c.discriminator->parameters());
    TrainingStep step(*c.generator, *c.discriminator, *generator_optimizer, *discriminator_optimizer, c.loss,
                      {DiscriminatorStep::summed, Fakes::shared, order});
    const Tensor latents = Random(1).normal({4, 8});
    const Tensor fakes = (*c.generator)(Pass::training(Random(2)).without_running_statistics(), latents).value();
    const StepResult result = step({{fakes, latents}}, latents, Random(3), 0);  // the real pictures are the same
    return std::pair(result.d_of_x, result.d_of_g_of_z);
  };
  for (const Order order : {Order::alternating, Order::simultaneous}) {
    const auto [real_alike, fake_alike] = believed("0", order);
    CHECK(real_alike == fake_alike);
    const auto [real, fake] = believed("0.3", order);
    CHECK(real != fake);
  }
}

TEST_CASE("multiply-adds of a step are those counted for the two reference runs") {
  for (const auto& run :
       {std::pair("apps/configs/mnist_keras.json", 129.6), std::pair("apps/configs/mnist_tf2.json", 115.6)}) {
    const std::string file = run.first;
    const double billion_operations = run.second;
    CAPTURE(file);
    const Configuration c = read_configuration(JsonSource::from_file(file), mnist_trainer);
    const double work =
        multiply_adds_of_step(*c.generator, *c.discriminator, c.data.from.picture, c.latent.size, c.training, c.game);
    CHECK(2 * work == doctest::Approx(billion_operations * 1e9).epsilon(0.001));
  }
}

// Counted by hand for S3: parameters of both networks three times (the weights, two moments of Adam) and those that
// learn once more; of each sample what linear layers, convolutions and batch norms are given.
TEST_CASE("bytes needed by a step are what its layers have to remember") {
  const Configuration c = read_configuration(JsonSource::from_file("apps/configs/mnist_tf1.json"), mnist_trainer);
  const double generator = 852'609, discriminator = 6'634'626;
  const double making = 100 + 6272 + 6272 + 12544 + 12544, judging = 784 + 2 * 12544 + 2 * 6272 + 2 * 1024;
  const double always = 3 * (generator + discriminator);
  const auto needed = [&](Order order) {
    Game game = c.game;
    game.order = order;
    return bytes_needed_by_step(*c.generator, *c.discriminator, c.data.from.picture, c.latent.size, 2, c.training,
                                game);
  };
  const double learning = discriminator + 256 * judging, answering = generator + 128 * (making + judging);
  CHECK(needed(Order::alternating) == sizeof(Real) * (always + std::max(learning, answering)));
  CHECK(needed(Order::simultaneous) ==
        sizeof(Real) * (always + generator + discriminator + 128 * (making + 2 * judging)));
}
