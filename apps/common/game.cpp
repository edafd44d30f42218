#include "apps/common/game.hpp"

namespace tapestry {
namespace {

TargetLabels read_labels(Options&& labels, const GanLoss& loss) {
  TargetLabels read;
  read.real = labels.real("real", read.real, Range::from_to(0, 1));
  read.fake = labels.real("fake", read.fake, Range::from_to(0, 1));
  read.noise = labels.real("noise", read.noise, Range::from_to(0, 1));
  read.flip = labels.real("flip", read.flip, Range::from_to(0, 1));
  if (!loss.smooth_targets && (read.real != 1 || read.fake != 0 || read.noise != 0))
    labels.problem(
        "are smoothed; expected \"real\" 1, \"fake\" 0 and \"noise\" 0, since this loss knows real and "
        "fake only; \"flip\" works with any loss");
  return read;
}

InstanceNoise read_instance_noise(Options&& noise) {
  InstanceNoise read;
  read.deviation = noise.real("deviation", read.deviation, Range::from(0));
  read.steps = noise.integer("steps", read.steps, 0, 1'000'000'000);
  return read;
}

void check_simultaneous(Options& game, const Game& read) {
  const auto expect = [&](bool right, const char* what) {
    if (!right) game.problem("order", std::string("is \"simultaneous\"; expected ") + what);
  };
  expect(read.fakes == Fakes::shared,
         "\"fakes\" to be \"shared\" then, since both gradients are taken from one forward pass");
  expect(read.discriminator_step == DiscriminatorStep::summed,
         "\"discriminator_step\" to be \"summed\" then, since both gradients are taken before either network is "
         "updated");
  expect(read.critic_steps == 1, "\"critic_steps\" to be 1 then, since both networks learn at once");
}

}  // namespace

Game read_game(Options&& game, const GanLoss& loss) {
  Game read;
  read.discriminator_step = game.choice<DiscriminatorStep>("discriminator_step", read.discriminator_step,
                                                           {{"separate", DiscriminatorStep::separate},
                                                            {"concatenated", DiscriminatorStep::concatenated},
                                                            {"summed", DiscriminatorStep::summed}});
  read.fakes = game.choice<Fakes>("fakes", read.fakes, {{"fresh", Fakes::fresh}, {"shared", Fakes::shared}});
  read.order = game.choice<Order>("order", read.order,
                                  {{"alternating", Order::alternating}, {"simultaneous", Order::simultaneous}});
  read.critic_steps = game.integer("critic_steps", read.critic_steps, 1, 1000);
  read.labels = read_labels(game.object("labels"), loss);
  read.instance_noise = read_instance_noise(game.object("instance_noise"));
  read.augment = read_augmentation(game);
  if (read.order == Order::simultaneous) check_simultaneous(game, read);
  if (read.fakes == Fakes::shared && read.critic_steps > 1)
    game.problem("fakes", "are \"shared\"; expected \"fresh\" ones with more than one of \"critic_steps\"");
  if (loss.penalty_at != PenaltyAt::nowhere && read.discriminator_step == DiscriminatorStep::separate)
    game.problem("discriminator_step",
                 "is \"separate\"; expected \"summed\" or \"concatenated\" with a loss that has "
                 "a penalty, which belongs to one update on real pictures and fakes");
  return read;
}

}  // namespace tapestry
