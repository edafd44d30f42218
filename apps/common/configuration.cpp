#include "apps/common/configuration.hpp"

#include "apps/common/networks.hpp"

namespace tapestry {

namespace {

constexpr Index most = 1'000'000'000;  // pictures, steps, epochs

DataConfiguration read_data(Options&& data, const Trainer& trainer) {
  DataConfiguration read;
  read.source = data.word("source", required, known_sources(trainer.sources));
  if (read.source.empty())
    data.ignore_the_rest();
  else
    read.from = read_data_source(read.source, data);
  read.scale = read_scale(data);
  read.count = data.optional_integer("count", 1, most);
  read.flips = data.boolean("flips", read.flips);
  return read;
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
    training.problem(std::string(read.epochs ? "has both \"epochs\" and" : "has neither \"epochs\" nor") +
                     " \"steps\"; expected one of them");
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
  read.detect_anomalies = training.boolean("detect_anomalies", read.detect_anomalies);
  return read;
}

// The list of the head is read by itself: its layers follow from the discriminator's.
Codes read_codes(Options& root, std::vector<LayerPlan>& head) {
  Codes read;
  if (!root.has("codes")) {
    root.ignore("codes");
    return read;
  }
  Options codes = root.object("codes");
  read.categorical = codes.integer("categorical", read.categorical, 0, 1 << 16);
  read.continuous = codes.integer("continuous", read.continuous, 0, 1 << 16);
  read.weight = codes.real("weight", read.weight, Range::above(0));
  if (read.categorical == 1 || read.size() == 0)
    codes.problem("has nothing to find; expected \"categorical\" of 2 or more, \"continuous\" of 1 or more, or both");
  head = read_layers(codes, "head");
  return read;
}

Pretrain read_pretrain(Options&& pretrain, Scale scale) {
  Pretrain read;
  read.steps = pretrain.integer("steps", read.steps, 0, most);
  read.batch = pretrain.integer("batch", read.batch, 1, 65536);
  const Json range = scale == Scale::zero_to_one ? Json{0, 1} : Json{-1, 1};
  const auto convert = [](const Json& value) -> std::optional<std::pair<double, double>> {
    if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number()) return {};
    const std::pair<double, double> noise{value[0], value[1]};
    return noise.first < noise.second ? std::optional(noise) : std::nullopt;
  };
  std::tie(read.noise_low, read.noise_high) =
      pretrain.value<std::pair<double, double>>("noise", range, "a list of two numbers, the lower one first", convert)
          .value_or(std::pair(0.0, 1.0));
  read.keep = pretrain.boolean("keep", read.keep);
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
    read.codes = read_codes(root, plans.code_head);
    read.loss = read_gan_loss(root);
    read.game = read_game(root.object("game"), read.loss);
    if (read.codes.size() && read.game.order == Order::simultaneous)
      root.problem("codes",
                   "are to be found while \"order\" is \"simultaneous\"; expected \"alternating\", since they "
                   "are learned in a step of the generator's own");
    Options optimizers = root.object("optimizers");
    read.generator_optimizer = read_optimizer(optimizers.object("generator"));
    read.discriminator_optimizer = read_optimizer(optimizers.object("discriminator"));
    read.pretrain = read_pretrain(root.object("pretrain"), read.data.scale);
    read.training = read_training(root.object("training"), read.game);
    read.output = read_output(root.object("output"));
  }
  if (!read.data.source.empty()) build_networks(plans, read, problems);
  problems.raise();
  return read;
}

JsonSource read_source(const CommandLine& line, Problems& problems) {
  JsonSource source = JsonSource::from_file(line.config_path);
  for (const std::string& assignment : line.set) source.set(assignment, problems);
  if (line.threads) source.set("/training", "threads", *line.threads, "--threads " + *line.threads);
  if (line.seed) source.set("/training", "seed", *line.seed, "--seed " + *line.seed);
  if (line.steps) {
    source.erase("/training", "epochs");
    source.set("/training", "steps", *line.steps, "--steps " + *line.steps);
  }
  return source;
}

Configuration read_configuration(const CommandLine& line, const Trainer& trainer) {
  Problems problems;
  const JsonSource source = read_source(line, problems);
  return read_configuration(source, trainer, std::move(problems));
}

}  // namespace tapestry
