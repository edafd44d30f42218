#include "apps/common/configuration.hpp"

#include <cstdlib>

namespace tapestry {

namespace fs = std::filesystem;

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

DataConfiguration read_data(Options&& data, const Trainer& trainer, const std::string& file) {
  DataConfiguration read;
  read.source = data.word("source", required, trainer.sources);
  const fs::path given = data.text("path", "data/mnist");
  const fs::path path = fs::absolute(fs::path(file).parent_path() / given / "").lexically_normal().parent_path();
  data.resolve("path", path.string());  // the resolved configuration will stand in another folder
  read.folders.push_back(path);
  if (const char* elsewhere = std::getenv("TAPESTRY_DATA"))
    read.folders.push_back(fs::path(elsewhere) / path.filename());
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

Loss read_loss(Options& configuration) {
  return configuration.choice<Loss>("loss", required,
                                    {{"bce", Loss::bce},
                                     {"bce_with_logits", Loss::bce_with_logits},
                                     {"bce_on_probabilities", Loss::bce_on_probabilities},
                                     {"softmax", Loss::softmax}});
}

Game read_game(Options&& game) {
  Game read;
  read.discriminator_step = game.choice<DiscriminatorStep>("discriminator_step", read.discriminator_step,
                                                           {{"separate", DiscriminatorStep::separate},
                                                            {"concatenated", DiscriminatorStep::concatenated},
                                                            {"summed", DiscriminatorStep::summed}});
  read.fakes = game.choice<Fakes>("fakes", read.fakes, {{"fresh", Fakes::fresh}, {"shared", Fakes::shared}});
  read.order = game.choice<Order>("order", read.order,
                                  {{"alternating", Order::alternating}, {"simultaneous", Order::simultaneous}});
  if (read.order == Order::simultaneous && read.fakes != Fakes::shared)
    game.problem("order",
                 "is \"simultaneous\"; expected \"fakes\" to be \"shared\" then, since both gradients are "
                 "taken from one forward pass");
  if (read.order == Order::simultaneous && read.discriminator_step != DiscriminatorStep::summed)
    game.problem("order",
                 "is \"simultaneous\"; expected \"discriminator_step\" to be \"summed\" then, since both "
                 "gradients are taken before either network is updated");
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

void check_end(const LayerPlan& last, const Shape& ends_in, const Shape& expected, const char* why,
               Problems& problems) {
  if (ends_in == expected) return;
  problems.add(last.place, last.path + " " + last.type + ": the network ends in " + per_sample(ends_in) +
                               "; expected " + per_sample(expected) + ", " + why);
}

void check_generator_head(const LayerPlan& last, Scale scale, Problems& problems) {
  const bool symmetric = scale == Scale::minus_one_to_one;
  if (last.type != (symmetric ? "sigmoid" : "tanh")) return;
  problems.add(last.place, last.path + " is a " + last.type + ", which ends in " + (symmetric ? "[0, 1]" : "[-1, 1]") +
                               "; expected a " + (symmetric ? "tanh" : "sigmoid") + ", since the data are scaled to " +
                               (symmetric ? "[-1, 1]" : "[0, 1]"));
}

void check_discriminator_head(const LayerPlan& last, Loss loss, Problems& problems) {
  const bool wanted = loss == Loss::bce || loss == Loss::bce_on_probabilities;
  if ((last.type == "sigmoid") == wanted) return;
  problems.add(last.place, last.path + " is a " + last.type + "; expected " + (wanted ? "a sigmoid" : "the logits") +
                               " at the end, since \"loss\" " + (wanted ? "judges probabilities" : "takes logits"));
}

// Builds both networks and, once everything else is right, checks that they agree with it.
void build_networks(const std::vector<LayerPlan>& generator, const std::vector<LayerPlan>& discriminator, Shape picture,
                    Configuration& read, Problems& problems) {
  const bool rest_is_right = problems.count() == 0;  // otherwise stand-ins would be taken for what was meant
  const Random random = Random(read.training.seed)("initial weights");
  const Shape latents{read.training.generator_batch, read.latent.size};
  const Shape pictures{read.training.batch, picture[0], picture[1], picture[2]};
  read.generator = build_model(generator, latents, random("generator"), problems);
  read.discriminator = build_model(discriminator, pictures, random("discriminator"), problems);
  if (rest_is_right && read.generator) {
    const Shape ends_in = read.generator->output_shape(latents);
    check_end(generator.back(), ends_in, pictures.with(0, ends_in[0]), "as the pictures are", problems);
    check_generator_head(generator.back(), read.data.scale, problems);
  }
  if (rest_is_right && read.discriminator) {
    const bool softmax = read.loss == Loss::softmax;
    check_end(discriminator.back(), read.discriminator->output_shape(pictures), {pictures[0], softmax ? 2 : 1},
              softmax ? "one logit for fake, one for real" : "one number that says how real a picture is", problems);
    check_discriminator_head(discriminator.back(), read.loss, problems);
  }
}

}  // namespace

Configuration read_configuration(const JsonSource& source, const Trainer& trainer, Problems problems) {
  Configuration read;
  std::vector<LayerPlan> generator, discriminator;
  {
    Options root({source, problems, read.resolved});
    read.data = read_data(root.object("data"), trainer, source.name());
    read.latent = read_latent(root.object("latent"));
    generator = read_layers(root, "generator");
    discriminator = read_layers(root, "discriminator");
    read.loss = read_loss(root);
    read.game = read_game(root.object("game"));
    Options optimizers = root.object("optimizers");
    read.generator_optimizer = read_optimizer(optimizers.object("generator"));
    read.discriminator_optimizer = read_optimizer(optimizers.object("discriminator"));
    read.training = read_training(root.object("training"), read.game);
    read.output = read_output(root.object("output"));
  }
  build_networks(generator, discriminator, trainer.picture, read, problems);
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
