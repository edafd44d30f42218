// Whole training steps of the recipes, against the frameworks that they were written for: golden/README.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "apps/common/safetensors.hpp"
#include "apps/common/training_step.hpp"
#include "tests/relative_error.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

constexpr bool in_double = sizeof(Real) == 8;

JsonSource recipe(const std::string& name) {
  if (name == "S0") return JsonSource::from_file("apps/configs/cifar10_keras.json");
  if (name == "S2" || name == "S2-saturated") return JsonSource::from_file("apps/configs/mnist_keras.json");
  if (name == "S3") return JsonSource::from_file("apps/configs/mnist_tf1.json");
  if (name == "S4") return JsonSource::from_file("apps/configs/mnist_tf2.json");
  fail("golden file: has recipe \"", name, "\"; expected S0, S2, S2-saturated, S3 or S4");
}

// Gives a recipe's network the widths of the stored weights, takes dropout out of it, and rounds as TensorFlow did.
void fit(JsonSource& source, const std::string& network, const Checkpoint& golden) {
  const Json layers = source.document().at(network);
  Index features = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string place = std::to_string(i), type = layers[i].at("type");
    const auto set = [&](const std::string& key, const Json& value) {
      source.set("/" + network + "/" + place, key, value.dump(), "golden file");
    };
    const auto width = [&](int axis) {
      return golden.at("initial/" + network + "." + place + ".weight").shape()[axis];
    };
    if (type == "linear") set("features", features = width(0));
    if (type == "conv2d") set("channels", width(0));
    if (type == "conv_transpose2d") set("channels", width(1));
    if (type == "dropout") set("rate", 0);
    if (type == "batch_norm") set("momentum", 1 - double(0.01f));  // it held 1 - .99 as a float
    if (type == "reshape") {
      const Index h = layers[i]["shape"][1], w = layers[i]["shape"][2];
      set("shape", {features / (h * w), h, w});
    }
  }
}

Configuration configure(const Checkpoint& golden) {
  JsonSource source = recipe(golden.metadata.at("recipe"));
  fit(source, "generator", golden);
  fit(source, "discriminator", golden);
  return read_configuration(source, {{"mnist", "cifar10"}});
}

// The tensors whose names begin with `prefix`, without it.
Checkpoint part(const Checkpoint& golden, const std::string& prefix) {
  Checkpoint part;
  for (const auto& [name, value] : golden.tensors)
    if (name.starts_with(prefix)) part.tensors.push_back({name.substr(prefix.size()), value});
  return part;
}

void load(Sequential& network, const Checkpoint& weights, const std::string& path) {
  load_into(weights, network.parameters(), network.buffers(), path);
}

std::vector<double> numbers(const Tensor& tensor) { return {tensor.data(), tensor.data() + tensor.size()}; }

// How far each loss of a step is off.
std::vector<double> loss_errors(const StepResult& result, const Game& game, const Tensor& expected) {
  const bool separate = game.discriminator_step == DiscriminatorStep::separate;
  const std::vector<double> losses =
      separate ? std::vector<double>{result.loss_on_real, result.loss_on_fake, result.generator_loss}
               : std::vector<double>{result.discriminator_loss, result.generator_loss};
  REQUIRE(Index(losses.size()) == expected.size());
  std::vector<double> errors;
  for (Index i = 0; i < expected.size(); ++i) {
    const Tensor loss({1}, static_cast<Real>(losses[i]));
    errors.push_back(relative_error(loss, {expected[i]}, in_double ? 1e-30 : 1));
  }
  return errors;
}

// The gradient of a bias right before a batch norm is zero but for rounding, of which Adam makes steps.
bool is_lost_in_batch_norm(const Sequential& network, const std::string& name) {
  const std::size_t layer = std::stoul(name);
  return name.ends_with(".bias") && layer + 1 < network.size() && network[layer].kind() != "batch_norm" &&
         network[layer + 1].kind() == "batch_norm";
}

// What is comparable of the weights that are stored; after the last step that must be all of them.
void check_weights(Sequential& network, bool with_running_statistics, const Checkpoint& stored, bool last) {
  std::size_t found = 0;
  for (const NamedTensor& got : named_tensors(network.parameters(), network.buffers()))
    for (const NamedTensor& expected : stored.tensors) {
      if (expected.name != got.name) continue;
      ++found;
      if (is_lost_in_batch_norm(network, got.name)) continue;
      if (!with_running_statistics && got.name.find(".running_") != std::string::npos) continue;
      CAPTURE(got.name);
      REQUIRE(got.value.shape() == expected.value.shape());
      CHECK(relative_error(got.value, numbers(expected.value)) < 1e-9);
    }
  CHECK(found == stored.tensors.size());
  if (last) CHECK(found == network.parameters().size() + network.buffers().size());
}

// Weights that are off by half a unit in the last place or less, as other rounding would make them.
void nudge(Sequential& network, Random random) {
  for (Parameter* p : network.parameters())
    p->update([&](Tensor w) {
      const Tensor away = random(p->name()).uniform(w.shape(), -1, 1);
      Real* const numbers = w.writable();
      for (Index i = 0; i < w.size(); ++i) numbers[i] *= 1 + away[i] * std::numeric_limits<Real>::epsilon() / 2;
      return w;
    });
}

// Three steps from the stored weights, or from weights near them. Returns how far each loss is off.
std::vector<double> play(const Checkpoint& golden, const std::string& path, Index nudged) {
  const Configuration read = configure(golden);
  load(*read.generator, part(golden, "initial/generator."), path);
  load(*read.discriminator, part(golden, "initial/discriminator."), path);
  if (nudged) nudge(*read.generator, Random(1)(nudged)), nudge(*read.discriminator, Random(2)(nudged));
  const auto generator_optimizer = read.generator_optimizer(read.generator->parameters());
  const auto discriminator_optimizer = read.discriminator_optimizer(read.discriminator->parameters());
  TrainingStep step(*read.generator, *read.discriminator, *generator_optimizer, *discriminator_optimizer, read.loss,
                    read.game);
  std::vector<double> errors;
  for (int k = 0; k < 3; ++k) {
    CAPTURE(k);
    const std::string at = "step" + std::to_string(k) + "/";
    const Tensor z_d = golden.at(at + "z_discriminator");
    const Tensor z_g = read.game.fakes == Fakes::shared ? z_d : golden.at(at + "z_generator");
    const StepResult result = step({{golden.at(at + "real"), z_d}}, z_g, Random(1)(Index(k)), k);
    for (double error : loss_errors(result, read.game, golden.at(at + "losses"))) errors.push_back(error);
    if (!in_double) continue;
    check_weights(*read.generator, true, part(golden, at + "generator."), k == 2);
    // TensorFlow 1 runs the passes of a discriminator in no defined order: its running statistics may differ.
    check_weights(*read.discriminator, false, part(golden, at + "discriminator."), k == 2);
  }
  return errors;
}

// In float only losses are compared: Adam's first steps are close to sign(g), so a weight whose gradient is near zero
// may go either way. With some roundings that moves a later loss of S3 by 1e-5 and more, so what counts is the median
// over a few of them.
void check_file(const fs::path& path) {
  CAPTURE(path);
  const Checkpoint golden = read_safetensors(path.string());
  std::vector<std::vector<double>> runs;
  for (Index nudged = 0; nudged < (in_double ? 1 : 5); ++nudged) runs.push_back(play(golden, path.string(), nudged));
  for (std::size_t loss = 0; loss < runs[0].size(); ++loss) {
    CAPTURE(loss);
    std::vector<double> errors;
    for (const std::vector<double>& run : runs) errors.push_back(run[loss]);
    std::nth_element(errors.begin(), errors.begin() + errors.size() / 2, errors.end());
    CHECK(errors[errors.size() / 2] < (in_double ? 1e-9 : 1e-5));
  }
}

}  // namespace

TEST_CASE("golden: training steps are those of the frameworks") {
  for (const char* name : {"S0", "S2", "S2-saturated", "S3", "S4"})
    check_file(fs::path("tests/golden") / (name + std::string(".safetensors")));
}

TEST_CASE("golden: wider networks and larger batches") {
  const char* given = std::getenv("GOLDEN_DIR");
  const fs::path folder = given ? given : "../shared/golden";
  bool found = false;
  std::error_code no_folder;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder, no_folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    found = true;
    check_file(entry.path());
  }
  if (!found) MESSAGE("skipped: no golden files below " << folder << "; $GOLDEN_DIR may name another folder");
}
