#include "apps/common/configuration.hpp"

#include "apps/common/networks.hpp"

namespace tapestry {

namespace {

constexpr Index most = 1'000'000'000;  // pictures, steps, epochs

Scale read_scale(Options& data) {
  const auto convert = [](const Json& value) -> std::optional<Scale> {
    if (value == Json::array({-1, 1})) return Scale::minus_one_to_one;
    if (value == Json::array({0, 1})) return Scale::zero_to_one;
    return {};
  };
  return data.value<Scale>("scale", required, "[-1, 1] or [0, 1]", convert).value_or(Scale::minus_one_to_one);
}

DataConfiguration read_data(Options&& data, const Trainer& trainer) {
  DataConfiguration read;
  read.source = data.word("source", required, known_sources(trainer.sources));
  if (read.source.empty())
    data.ignore_the_rest();
  else
    read.from = read_data_source(read.source, data);
  read.scale = read_scale(data);
  read.count = data.optional_integer("count", 1, most);
  return read;
}

Latent read_latent(Options&& latent) {
  const Latent defaults;
  return {latent.integer("size", defaults.size, 1, 65536),
          latent.choice<Distribution>("distribution", defaults.distribution,
                                      {{"normal", Distribution::normal}, {"uniform", Distribution::uniform}})};
}

BatchPolicy read_batches(Options& training) {
  const bool with_replacement =
      training.choice<bool>("batches", false, {{"shuffled", false}, {"with_replacement", true}});
  const BatchPolicy shuffled = training.choice<BatchPolicy>("last_batch", BatchPolicy::shuffled_keep,
                                                            {{"keep", BatchPolicy::shuffled_keep},
                                                             {"drop", BatchPolicy::shuffled_drop},
                                                             {"fill", BatchPolicy::shuffled_fill}});
  return with_replacement ? BatchPolicy::with_replacement : shuffled;
}

Training read_training(Options&& training, const Game& game) {
  Training read;
  read.epochs = training.optional_integer("epochs", 1, most);
  read.steps = training.optional_integer("steps", 1, most);
  if (read.epochs.has_value() == read.steps.has_value())
    training.problem(std::string("has ") + (read.epochs ? "both" : "neither") +
                     " \"epochs\" and \"steps\"; expected one of them");
  read.steps_per_epoch = training.optional_integer("steps_per_epoch", 1, most);
  read.batch = training.integer("batch", read.batch, 1, 65536);
  read.generator_batch = training.integer("generator_batch", read.batch, 1, 65536);
  if (game.fakes == Fakes::shared && read.generator_batch != read.batch)
    training.problem("generator_batch", "is " + std::to_string(read.generator_batch) + "; expected " +
                                            std::to_string(read.batch) +
                                            " like \"batch\", since \"fakes\" is \"shared\"");
  read.batches = read_batches(training);
  read.average = training.real("average", read.average, Range::from_below(0, 1));
  read.seed = static_cast<std::uint64_t>(training.integer("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
  read.threads = static_cast<int>(training.integer("threads", read.threads, 0, 1024));
  return read;
}

Samples read_samples(Options&& samples) {
  Samples read;
  read.rows = static_cast<int>(samples.integer("rows", read.rows, 1, 100));
  read.columns = static_cast<int>(samples.integer("columns", read.columns, 1, 100));
  read.every_epochs = samples.integer("every_epochs", read.every_epochs, 1, most);
  read.scale = static_cast<int>(samples.integer("scale", read.scale, 1, 32));
  return read;
}

Output read_output(Options&& output) {
  Output read;
  read.samples = read_samples(output.object("samples"));
  read.log_every_seconds = output.real("log_every_seconds", read.log_every_seconds, Range::from(0));
  return read;
}

}  // namespace

Configuration read_configuration(const JsonSource& source, const Trainer& trainer, Problems problems) {
  Configuration read;
  NetworkPlans plans;
  {
    Options root({source, problems, read.resolved});
    read.data = read_data(root.object("data"), trainer);
    read.latent = read_latent(root.object("latent"));
    plans.generator = read_layers(root, "generator");
    plans.discriminator = read_layers(root, "discriminator");
    read.loss = read_gan_loss(root);
    read.game = read_game(root.object("game"), read.loss);
    Options optimizers = root.object("optimizers");
    read.generator_optimizer = read_optimizer(optimizers.object("generator"));
    read.discriminator_optimizer = read_optimizer(optimizers.object("discriminator"));
    read.training = read_training(root.object("training"), read.game);
    read.output = read_output(root.object("output"));
  }
  if (!read.data.source.empty()) build_networks(plans, read, problems);
  problems.raise();
  return read;
}

Configuration read_configuration(const CommandLine& line, const Trainer& trainer) {
  JsonSource source = JsonSource::from_file(line.config_path);
  Problems problems;
  for (const std::string& assignment : line.set) source.set(assignment, problems);
  if (line.threads) source.set("/training", "threads", *line.threads, "--threads " + *line.threads);
  if (line.seed) source.set("/training", "seed", *line.seed, "--seed " + *line.seed);
  if (line.steps) {
    source.erase("/training", "epochs");
    source.set("/training", "steps", *line.steps, "--steps " + *line.steps);
  }
  return read_configuration(source, trainer, std::move(problems));
}

}  // namespace tapestry
