// Every key of a configuration does something: a run with another value is compared with the run without it.
#include <set>
#include <sstream>

#include "tests/program.hpp"

using namespace tapestry;

namespace {

const char* const small = R"({
"data": {"source": "synthetic_digits", "scale": [-1, 1], "count": 18},
"latent": {"size": 4},
"generator": [{"type": "linear", "features": 98},
              {"type": "batch_norm"},
              {"type": "leaky_relu", "slope": 0.2},
              {"type": "reshape", "shape": [2, 7, 7]},
              {"type": "conv_transpose2d", "channels": 3, "kernel": 4, "stride": 2},
              {"type": "conv_transpose2d", "channels": 1, "kernel": 4, "stride": 2},
              {"type": "tanh"}],
"discriminator": [{"type": "conv2d", "channels": 3, "kernel": 3, "stride": 4},
                  {"type": "leaky_relu", "slope": 0.2},
                  {"type": "dropout", "rate": 0.3},
                  {"type": "flatten"},
                  {"type": "linear", "features": 4},
                  {"type": "linear", "features": 1}],
"loss": "bce_with_logits",
"training": {"epochs": 2, "batch": 5},
"output": {"samples": {"rows": 2, "columns": 3, "scale": 1}}
})";

// What is different: the losses; nothing but files; nothing but what is printed; nothing at all.
enum class Effect { losses, files, lines, nothing };

struct Change {
  std::string set;  // assignments, one in each line
  Effect effect;
  std::string on{};  // the same for the run that it is compared with
};

// Networks and latents of other kinds, for keys that need them.
const std::string in_unit_range = "data.scale=[0, 1]\ngenerator.6.type=sigmoid";
const std::string with_sigmoid = R"(discriminator.5={"type": "sigmoid"})"
                                 "\n"
                                 R"(discriminator.4={"type": "linear", "features": 1})";
const std::string codes = R"(codes={"categorical": 2, "continuous": 1, "head": [{"type": "linear", "features": 3}]})";
const std::string pretraining = "pretrain.steps=2";
const std::string pool = R"(discriminator.0={"type": "max_pool2d", "kernel": 3, "stride": 4})";
const std::string average_pool = R"(discriminator.0={"type": "avg_pool2d", "kernel": 3, "stride": 4, "padding": 1})";
const std::string normed = R"(discriminator.2={"type": "layer_norm"})";
const std::string conditional = R"(discriminator.5={"type": "projection", "classes": 10})";
const std::string odd_kernel = R"(generator.4={"type": "conv_transpose2d", "channels": 3, "kernel": 3, "stride": 2)";
std::string optimizer(const std::string& type) { return "optimizers.generator.type=" + type; }
std::string rate(const std::string& schedule) { return "optimizers.generator.learning_rate=" + schedule; }

const std::vector<Change> changes = {
    {"data.source=mnist_or_synthetic_digits", Effect::lines},
    {in_unit_range, Effect::losses},
    {"data.count=17", Effect::losses},
    {"data.flips=true", Effect::losses},
    {"latent.size=5", Effect::losses},
    {"latent.distribution=uniform", Effect::losses},

    {"generator.5.bias=false", Effect::losses},
    {"generator.0.weight_initializer=glorot_normal", Effect::losses},
    {"generator.5.bias_initializer=ones", Effect::losses},
    {"generator.0.spectral_norm=true", Effect::losses},
    {"generator.1.momentum=0.5", Effect::files},
    {"generator.1.epsilon=0.1", Effect::losses},
    {"generator.1.unbiased_running_variance=true", Effect::files},
    {"generator.1.gamma_initializer={\"type\": \"constant\", \"value\": 2}", Effect::losses},
    {"generator.1.beta_initializer=ones", Effect::losses},
    {"generator.2.slope=0.1", Effect::losses},
    {"generator.2={\"type\": \"relu\"}", Effect::losses},
    {"generator.2={\"type\": \"elu\"}", Effect::losses, "generator.2={\"type\": \"relu\"}"},
    {"generator.2={\"type\": \"silu\"}", Effect::losses, "generator.2={\"type\": \"relu\"}"},
    {"generator.0.features=196\ngenerator.3.shape=[4, 7, 7]", Effect::losses},
    {"generator.4.channels=2", Effect::losses},
    {"generator.4.kernel=6", Effect::losses},
    {"generator.4.stride=1\ngenerator.5.stride=4", Effect::losses},
    {odd_kernel + ", \"padding\": [1, 0, 1, 0]}", Effect::losses, odd_kernel + "}"},
    {odd_kernel + ", \"padding\": 1, \"output_padding\": 1}", Effect::losses, odd_kernel + "}"},
    {"generator.4={\"type\": \"upsample\", \"factor\": 2}", Effect::losses},
    {"generator.3.shape=[2, 7, 14]\ngenerator.4={\"type\": \"upsample\", \"factor\": [2, 1]}", Effect::losses,
     "generator.0.features=196\ngenerator.3.shape=[4, 7, 7]\ngenerator.4={\"type\": \"upsample\", \"factor\": 2}"},
    {"discriminator.0.kernel=5", Effect::losses},
    {"discriminator.0.padding=2", Effect::losses, "discriminator.0.kernel=5"},
    {"discriminator.2.rate=0.5", Effect::losses},
    {"discriminator.0.stride=2", Effect::losses, pool},
    {"discriminator.0.kernel=2", Effect::losses, pool},
    {"discriminator.0.padding=1", Effect::losses, pool},
    {"discriminator.0.count_padding=true", Effect::losses, average_pool},
    {"discriminator.3={\"type\": \"global_avg_pool\"}", Effect::losses},
    {"discriminator.2.epsilon=0.1", Effect::losses, normed},
    {"discriminator.2.gamma_initializer=zeros", Effect::losses, normed},
    {"discriminator.2.beta_initializer=ones", Effect::losses, normed},
    {conditional, Effect::losses},
    {"discriminator.0={\"type\": \"class_channel\", \"classes\": 10}", Effect::losses, pool + "\n" + conditional},
    {"generator.0={\"type\": \"class_embedding\", \"classes\": 10, \"size\": 94}", Effect::losses, conditional},

    {"loss=saturating", Effect::losses},
    {"loss=softmax\ndiscriminator.5.features=2", Effect::losses},
    {"loss=least_squares", Effect::losses},
    {"loss=hinge", Effect::losses},
    {"loss=wasserstein", Effect::losses},
    {R"(loss={"type": "wasserstein", "clip": 0.1})", Effect::losses, "loss=wasserstein"},
    {"loss=wasserstein_gp", Effect::losses},
    {R"(loss={"type": "wasserstein_gp", "weight": 1})", Effect::losses, "loss=wasserstein_gp"},
    {"loss=r1", Effect::losses},
    {R"(loss={"type": "r1", "weight": 1})", Effect::losses, "loss=r1"},
    {"loss=bce", Effect::losses,
     with_sigmoid + "\nloss=bce_on_probabilities\noptimizers.discriminator.learning_rate=9"},

    {"game.discriminator_step=separate", Effect::losses},
    {"game.discriminator_step=concatenated", Effect::losses},
    {"game.fakes=shared", Effect::losses},
    {"game.order=simultaneous", Effect::losses, "game.fakes=shared"},
    {"game.critic_steps=2", Effect::losses},
    {"game.labels.real=0.9", Effect::losses},
    {"game.labels.fake=0.1", Effect::losses},
    {"game.labels.noise=0.1", Effect::losses},
    {"game.labels.flip=0.5", Effect::losses},
    {"game.instance_noise.deviation=0.1", Effect::losses},
    {"game.instance_noise.steps=3", Effect::losses, "game.instance_noise.deviation=0.1"},
    {"game.augment=[\"colour\"]", Effect::losses},
    {"game.augment=[\"translation\"]", Effect::losses},
    {"game.augment=[\"cutout\"]", Effect::losses},

    {codes, Effect::losses},
    {"codes.categorical=3\ncodes.continuous=0", Effect::losses, codes},
    {"codes.weight=3", Effect::losses, codes},
    {R"(codes.head=[{"type": "relu"}, {"type": "linear", "features": 3}])", Effect::losses, codes},

    {pretraining, Effect::lines},
    {"pretrain.batch=3", Effect::losses, pretraining + "\npretrain.keep=true"},
    {"pretrain.noise=[0, 1]", Effect::losses, pretraining + "\npretrain.keep=true"},
    {"pretrain.keep=true", Effect::losses, pretraining},

    {"optimizers.discriminator.learning_rate=0.1", Effect::losses},
    {optimizer("sgd"), Effect::losses},
    {"optimizers.generator.momentum=0.9", Effect::losses, optimizer("sgd")},
    {"optimizers.generator.beta1=0.5", Effect::losses},
    {"optimizers.generator.beta2=0.9", Effect::losses},
    {"optimizers.generator.epsilon=0.01", Effect::losses},
    {"optimizers.generator.epsilon_place=after_correction", Effect::losses, "optimizers.generator.epsilon=0.01"},
    {optimizer("adamw"), Effect::losses},
    {"optimizers.generator.weight_decay=1", Effect::losses, optimizer("adamw")},
    {optimizer("rmsprop"), Effect::losses},
    {"optimizers.generator.rho=0.5", Effect::losses, optimizer("rmsprop")},
    {"optimizers.generator.momentum=0.5", Effect::losses, optimizer("rmsprop")},
    {"optimizers.generator.epsilon=0.01", Effect::losses, optimizer("rmsprop")},
    {"optimizers.generator.centered=true", Effect::losses, optimizer("rmsprop")},
    {"optimizers.generator.form=pytorch", Effect::losses, optimizer("rmsprop") + "\noptimizers.generator.epsilon=0.01"},
    {"optimizers.generator.clip_value=1e-4", Effect::losses, optimizer("sgd")},
    {"optimizers.generator.clip_norm=1e-3", Effect::losses, optimizer("sgd")},
    {rate(R"({"schedule": "constant", "from": 0.01})"), Effect::losses},
    {rate(R"({"schedule": "linear", "from": 0.01, "steps": 9})"), Effect::losses, rate("0.01")},
    {rate(R"({"schedule": "linear", "from": 0.01, "to": 0.005, "steps": 9})"), Effect::losses,
     rate(R"({"schedule": "linear", "from": 0.01, "steps": 9})")},
    {rate(R"({"schedule": "cosine", "from": 0.01, "steps": 9})"), Effect::losses, rate("0.01")},
    {rate(R"({"schedule": "steps", "from": 0.01, "every": 2})"), Effect::losses, rate("0.01")},
    {rate(R"({"schedule": "steps", "from": 0.01, "every": 2, "factor": 0.5})"), Effect::losses,
     rate(R"({"schedule": "steps", "from": 0.01, "every": 2})")},
    {rate(R"({"schedule": "constant", "from": 0.01, "warm_up": 3})"), Effect::losses, rate("0.01")},

    {"training.epochs=3", Effect::losses},
    {"training.steps_per_epoch=3", Effect::losses},
    {"training.batch=6", Effect::losses},
    {"training.generator_batch=6", Effect::losses},
    {"training.batches=with_replacement", Effect::losses},
    {"training.last_batch=drop", Effect::losses},
    {"training.last_batch=fill", Effect::losses},
    {"training.average=0.5", Effect::files},
    {"training.seed=2", Effect::losses},
    {"training.threads=1", Effect::nothing, "training.threads=2"},
    {"training.detect_anomalies=true", Effect::nothing},

    {"output.samples.rows=1", Effect::files},
    {"output.samples.columns=2", Effect::files},
    {"output.samples.scale=2", Effect::files},
    {"output.samples.colours=inverted", Effect::files},
    {"output.samples.colours=viridis", Effect::files},
    {"output.samples.cells=products", Effect::files},
    {"output.samples.every_epochs=2", Effect::files},
    {"output.samples.at_epochs=[2]", Effect::files},
    {"output.accuracy.every_epochs=1", Effect::lines},
    {"output.accuracy.at_epochs=[1]", Effect::lines},
    {"output.accuracy.pictures=3", Effect::lines, "output.accuracy.every_epochs=1"},
    {"output.generators.every_epochs=1", Effect::files},
    {"output.generators.at_epochs=[1]", Effect::files},
    {"output.lines=keras", Effect::lines},
    {"output.lines=loss_a_and_b", Effect::lines, "output.lines=keras"},
    {"output.every_steps=3", Effect::lines, "output.lines=keras"},
};

struct Result {
  std::string losses, lines;
  Files files;
  Json resolved;
};

// Of the lines, the places and times that differ from run to run are left out.
std::string without_times(const std::string& out) {
  std::string kept;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);)
    if (line.find("pictures/s") == std::string::npos && !line.starts_with("threads")) kept += line + "\n";
  return kept;
}

Result run(const TemporaryFolder& folder, const std::string& assignments) {
  Words words = {"config.json", "--out", "run", "--overwrite"};
  std::istringstream lines(assignments);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    words.insert(words.end(), {"--set", line});
  }
  const Ending ending = run_program("mnist_dcgan", words, folder);
  INFO(ending.err);
  REQUIRE(ending.code() == exit_done);
  Result result{"", without_times(ending.out), files_below(folder / "run"), {}};
  result.losses = result.files.at("metrics.csv");
  result.resolved = Json::parse(result.files.at("config.json"));
  for (const char* name : {"config.json", "run.json", "timing.csv", "metrics.csv"}) result.files.erase(name);
  return result;
}

// The keys of all objects in it.
void collect_keys(const Json& value, std::set<std::string>& keys) {
  for (const auto& [key, inner] : value.items()) {
    if (value.is_object()) keys.insert(key);
    if (inner.is_structured()) collect_keys(inner, keys);
  }
}

}  // namespace

TEST_CASE("configuration: each key has its effect") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small);
  std::map<std::string, Result> unchanged;
  std::set<std::string> keys;
  std::string changed;
  for (const Change& change : changes) {
    CAPTURE(change.set);
    CAPTURE(change.on);
    if (!unchanged.contains(change.on)) unchanged[change.on] = run(folder, change.on);
    const Result& before = unchanged[change.on];
    const Result after = run(folder, change.on + "\n" + change.set);
    CHECK((after.losses != before.losses) == (change.effect == Effect::losses));
    if (change.effect != Effect::losses) CHECK((after.files != before.files) == (change.effect == Effect::files));
    if (change.effect != Effect::losses) CHECK((after.lines != before.lines) == (change.effect == Effect::lines));
    collect_keys(after.resolved, keys);
    changed += "." + change.set + "\n";
  }
  // No key has been forgotten (by its name: where several objects have one of that name, one of them is enough). What
  // lines every so many seconds look like depends on the time.
  for (const char* key : {"log_every_seconds", "path", "split"}) keys.erase(key);
  for (const std::string& key : keys) {
    CAPTURE(key);
    const bool seen =
        changed.find("." + key + "=") != std::string::npos || changed.find("." + key + ".") != std::string::npos ||
        changed.find("\"" + key + "\"") != std::string::npos || changed.find("\n" + key + "=") != std::string::npos;
    CHECK(seen);
  }
}
