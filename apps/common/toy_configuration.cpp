#include "apps/common/toy_configuration.hpp"

#include "apps/common/networks.hpp"

namespace tapestry {
namespace {

constexpr Index most = 1'000'000'000;  // steps

// Points are drawn anew for each step, without end: there are no epochs.
Training read_training(Options&& training, const Game& game) {
  Training read;
  read.steps = training.integer("steps", required, 1, most);
  read.batch = training.integer("batch", read.batch, 1, 65536);
  read.generator_batch = training.integer("generator_batch", read.batch, 1, 65536);
  if (game.fakes == Fakes::shared && read.generator_batch != read.batch)
    training.problem("generator_batch", "is " + std::to_string(read.generator_batch) + "; expected " +
                                            std::to_string(read.batch) +
                                            " like \"batch\", since \"fakes\" is \"shared\"");
  read.seed = static_cast<std::uint64_t>(training.integer("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  read.threads = static_cast<int>(training.integer("threads", read.threads, 0, 1024));
  return read;
}

ToyOutput read_toy_output(Options&& output) {
  ToyOutput read;
  read.every_steps = output.integer("every_steps", read.every_steps, 1, most);
  read.points = output.integer("points", read.points, 1, 100'000);
  read.size = output.integer("size", read.size, 64, 2048);
  return read;
}

void check_unconditional(const std::vector<LayerPlan>& plans, const Sequential& network, Problems& problems) {
  for (std::size_t i = 0; i < network.size(); ++i)
    if (network[i].classes())
      problems.add(plans[i].place, plans[i].path + " " + plans[i].type +
                                       ": asks for the class of a point; expected a layer without one, since points "
                                       "have none");
}

}  // namespace

ToyConfiguration read_toy_configuration(const CommandLine& line) {
  Problems problems;
  const JsonSource source = read_source(line, problems);
  ToyConfiguration read;
  Configuration& game = read.game;
  NetworkPlans plans;
  {
    Options root({source, problems, game.resolved});
    read.cloud = read_point_cloud(root.object("data"));
    game.latent = read_latent(root.object("latent"));
    plans.generator = read_layers(root, "generator");
    plans.discriminator = read_layers(root, "discriminator");
    game.loss = read_gan_loss(root);
    Options rules = root.object("game");
    game.game = read_game(std::move(rules), game.loss);
    if (const Augmentation& a = game.game.augment; a.colour || a.translation || a.cutout)
      rules.problem("augment", "changes pictures; expected none of it, since points are no pictures");
    Options optimizers = root.object("optimizers");
    game.generator_optimizer = read_optimizer(optimizers.object("generator"));
    game.discriminator_optimizer = read_optimizer(optimizers.object("discriminator"));
    game.training = read_training(root.object("training"), game.game);
    read.output = read_toy_output(root.object("output"));
  }
  game.data.from.picture = {2};
  build_networks(plans, game, problems);
  if (game.generator) check_unconditional(plans.generator, *game.generator, problems);
  if (game.discriminator) check_unconditional(plans.discriminator, *game.discriminator, problems);
  problems.raise();
  return read;
}

}  // namespace tapestry
