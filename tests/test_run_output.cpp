// What a run prints and leaves beside the metrics, as "output" says; and that the seed determines all of it, whatever
// the threads, with every part of the game in use.
#include <cstdio>
#include <sstream>

#include "apps/common/picture.hpp"
#include "apps/common/safetensors.hpp"
#include "tests/program.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

// A run of the small configuration with some things set: 2 epochs of 6 steps.
Ending train(const TemporaryFolder& folder, const Words& set, const std::string& run = "run") {
  if (!fs::exists(folder / "config.json")) write_file(folder / "config.json", small_configuration);
  Words words = {"config.json", "--out", run, "--overwrite"};
  for (const std::string& assignment : set) {
    words.push_back("--set");
    words.push_back(assignment);
  }
  const Ending ending = run_program("mnist_dcgan", words, folder);
  INFO(ending.err);
  REQUIRE(ending.code() == exit_done);
  return ending;
}

std::vector<std::string> lines_with(const std::string& text, const std::string& begin) {
  std::vector<std::string> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(begin)) all.push_back(line);
  return all;
}

using Row = std::map<std::string, double>;
std::vector<Row> metrics_of(const std::string& run) {
  std::istringstream lines(read_file(run + "/metrics.csv"));
  std::vector<std::string> names;
  std::vector<Row> rows;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    Row row;
    std::size_t column = 0;
    for (std::string cell; std::getline(cells, cell, ','); ++column)
      if (rows.empty() && names.size() == column)
        names.push_back(cell);
      else
        row[names.at(column)] = std::stod(cell);
    if (!row.empty()) rows.push_back(row);
  }
  return rows;
}
std::string header_of(const std::string& run) {
  const std::string text = read_file(run + "/metrics.csv");
  return text.substr(0, text.find('\n'));
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

Tensor first_latents(const Configuration& c, Index count) {
  return Random(c.training.seed)("samples").normal({count, c.latent.size});
}

const char* const everything = R"({
  "data": {"source": "synthetic_digits", "scale": [-1, 1], "count": 90},
  "latent": {"size": 5, "distribution": "uniform"},
  "generator": [
    {"type": "class_embedding", "classes": 10, "size": 4},
    {"type": "linear", "features": 392, "bias": false},
    {"type": "batch_norm"},
    {"type": "relu"},
    {"type": "reshape", "shape": [8, 7, 7]},
    {"type": "conv_transpose2d", "channels": 4, "kernel": 4, "stride": 2},
    {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv_transpose2d", "channels": 1, "kernel": 4, "stride": 2},
    {"type": "tanh"}
  ],
  "discriminator": [
    {"type": "class_channel", "classes": 10},
    {"type": "conv2d", "channels": 8, "kernel": 4, "stride": 2},
    {"type": "leaky_relu", "slope": 0.2},
    {"type": "dropout", "rate": 0.2},
    {"type": "conv2d", "channels": 8, "kernel": 4, "stride": 2},
    {"type": "leaky_relu", "slope": 0.2},
    {"type": "flatten"},
    {"type": "projection", "classes": 10}
  ],
  "codes": {"categorical": 3, "continuous": 2, "weight": 0.5,
            "head": [{"type": "linear", "features": 16}, {"type": "relu"}, {"type": "linear", "features": 5}]},
  "loss": {"type": "wasserstein_gp", "weight": 5},
  "game": {"discriminator_step": "concatenated", "critic_steps": 2, "labels": {"flip": 0.1},
           "instance_noise": {"deviation": 0.1, "steps": 4}},
  "pretrain": {"steps": 2, "batch": 20, "keep": true},
  "training": {"epochs": 2, "batch": 20, "generator_batch": 24, "average": 0.9, "seed": 5},
  "output": {"samples": {"rows": 2, "columns": 10, "at_epochs": [1]}, "accuracy": {"every_epochs": 1, "pictures": 40},
             "generators": {"at_epochs": [1]}, "lines": "keras"}
}
)";

}  // namespace

TEST_CASE("run: lines as Keras programs print them, one for each step") {
  const TemporaryFolder folder;
  for (const std::string kind : {"summed", "concatenated", "separate"}) {
    CAPTURE(kind);
    const Ending ending = train(folder, {"output.lines=keras", "game.discriminator_step=" + kind});
    const std::vector<std::string> lines = lines_with(ending.out, ">");
    const std::vector<Row> rows = metrics_of(folder / "run");
    REQUIRE(rows.size() == 12);
    REQUIRE(lines.size() == 12);
    for (std::size_t i = 0; i < 12; ++i) {
      Row row = rows[i];
      const std::string step = formatted(">%d, %d/6, ", int(i / 6 + 1), int(i % 6 + 1));
      CHECK(lines[i] == step + (kind == "separate"
                                    ? formatted("d1=%.3f, d2=%.3f g=%.3f", row["loss_on_real"], row["loss_on_fake"],
                                                row["generator_loss"])
                                    : formatted("d=%.3f, g=%.3f", row["discriminator_loss"], row["generator_loss"])));
    }
    CHECK(ending.out.find("epoch 1/2") == std::string::npos);  // no progress besides
  }
}

TEST_CASE("run: lines with both losses, at the first step and at every so many") {
  const TemporaryFolder folder;
  const Ending ending = train(folder, {"output.lines=loss_a_and_b", "output.every_steps=5"});
  const std::vector<Row> rows = metrics_of(folder / "run");
  std::vector<std::string> expected;
  for (const int step : {1, 5, 10}) {
    Row row = rows.at(step - 1);
    expected.push_back(
        formatted("Step %d: Loss A: %.6f, Loss B: %.6f", step, row["generator_loss"], row["discriminator_loss"]));
  }
  CHECK(lines_with(ending.out, "Step ") == expected);
}

TEST_CASE("run: pretraining, accuracy and generators at their epochs") {
  const TemporaryFolder folder;
  for (const std::string lines : {"progress", "keras"}) {
    const Ending ending = train(
        folder, {"pretrain.steps=3", "pretrain.batch=10", "output.accuracy.at_epochs=[2]", "output.lines=" + lines,
                 "output.accuracy.pictures=50", "output.generators.every_epochs=1", "output.samples.at_epochs=[1]"});
    std::vector<std::string> pretraining;
    for (int step = 1; step <= 3; ++step) {
      const std::vector<std::string> found = lines_with(ending.out, ">" + std::to_string(step) + " real=");
      REQUIRE(found.size() == 1);
      int real = -1, fake = -1;
      REQUIRE(std::sscanf(found[0].c_str(), ">%*d real=%d%% fake=%d%%", &real, &fake) == 2);
      CHECK(real % 10 == 0);  // of ten pictures
      CHECK(fake % 10 == 0);
      CHECK(found[0] == formatted(">%d real=%d%% fake=%d%%", step, real, fake));
    }
    const std::vector<std::string> accuracy = lines_with(ending.out, ">Accuracy");
    REQUIRE(accuracy.size() == 1);
    int real = -1, fake = -1;
    REQUIRE(std::sscanf(accuracy[0].c_str(), ">Accuracy real: %d%%, fake: %d%%", &real, &fake) == 2);
    CHECK(accuracy[0] == formatted(">Accuracy real: %d%%, fake: %d%%", real, fake));
    CHECK(real % 2 == 0);  // of fifty
    CHECK(fake % 2 == 0);
    if (lines == "keras") CHECK(ending.out.find(accuracy[0]) > ending.out.find(">2, 6/6"));  // at the end of its epoch
  }
  CHECK(fs::exists(folder / "run/samples/epoch-0001.png"));
  CHECK(fs::exists(folder / "run/samples/epoch-0002.png"));  // the last epoch always leaves one
  const std::string first = read_file(folder / "run/generators/epoch-0001.safetensors");
  const std::string second = read_file(folder / "run/generators/epoch-0002.safetensors");
  CHECK(first != second);
  CHECK((second == read_file(folder / "run/generator.safetensors")));

  train(folder, {"output.generators.at_epochs=[1]", "pretrain.steps=3", "pretrain.batch=10"});
  CHECK((read_file(folder / "run/generators/epoch-0001.safetensors") == first));
  CHECK_FALSE(fs::exists(folder / "run/generators/epoch-0002.safetensors"));
  train(folder, {});
  CHECK_FALSE(fs::exists(folder / "run/generators"));
}

TEST_CASE("run: epochs shorter than a step of the critic end all the same") {
  const TemporaryFolder folder;
  // 3 batches in an epoch, 5 for each step: steps begin in epochs 1, 2, 4 and 6.
  train(folder,
        {"data.count=120", "game.critic_steps=5", "training.epochs=6", "output.generators.at_epochs=[3, 4, 6]"});
  CHECK(metrics_of(folder / "run").size() == 4);
  for (int epoch = 1; epoch <= 6; ++epoch)
    CHECK_MESSAGE(fs::exists(folder / formatted("run/samples/epoch-%04d.png", epoch)), epoch);
  for (int epoch = 1; epoch <= 6; ++epoch)
    CHECK(fs::exists(folder / formatted("run/generators/epoch-%04d.safetensors", epoch)) ==
          (epoch == 3 || epoch == 4 || epoch == 6));
}

TEST_CASE("run: the untrained generator, and what the discriminator says of it") {
  const TemporaryFolder folder;
  const auto check = [&](const Words& set, const std::string& what) {
    const Ending ending = train(folder, set);
    const Configuration c = read_configuration(JsonSource::from_file(folder / "run/config.json"), mnist_trainer);
    const Tensor pictures = (*c.generator)(Pass::evaluation(), first_latents(c, 6)).value();
    CHECK((read_file(folder / "run/samples/untrained.png") ==
           encode_png(grid(pictures, -1, 1, {.rows = 2, .columns = 3}))));
    const Tensor verdict = (*c.discriminator)(Pass::evaluation(), slice(pictures, 0, 0, 1)).value();
    std::ostringstream expected;
    expected << "untrained      the discriminator gives the generator's first picture " << what;
    for (Index i = 0; i < verdict.size(); ++i) expected << (i ? ", " : "") << verdict[i];
    const std::vector<std::string> lines = lines_with(ending.out, "untrained");
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] == expected.str());
  };
  check({"training.epochs=1"}, "logit ");
  check({"training.epochs=1", "loss=least_squares"}, "a score of ");
  check({"training.epochs=1", "loss=softmax", "discriminator.7.features=2"}, "logit ");
  const std::string last = R"({"type": "linear", "features": 1})";
  write_file(folder / "config.json",
             replaced(small_configuration, last + "\n", last + ",\n    {\"type\": \"sigmoid\"}\n"));
  check({"training.epochs=1", "loss=bce"}, "a probability of being real of ");
}

TEST_CASE("run: columns say whether they hold probabilities or scores, and what a loss adds") {
  const TemporaryFolder folder;
  const std::string losses = "step,epoch,loss_on_real,loss_on_fake,discriminator_loss,generator_loss,";
  const auto header = [&](const Words& set) {
    train(folder, set);
    return header_of(folder / "run");
  };
  const std::string no_norm = "discriminator.4={\"type\": \"relu\"}";
  CHECK(header({"loss=saturating"}) == losses + "d_of_x,d_of_g_of_z");
  CHECK(header({"loss=hinge"}) == losses + "score_of_x,score_of_g_of_z");
  CHECK(header({"loss=least_squares"}) == losses + "score_of_x,score_of_g_of_z");
  CHECK(header({"loss=wasserstein"}) == losses + "score_of_x,score_of_g_of_z");
  CHECK(header({"loss=wasserstein_gp", no_norm}) == losses + "score_of_x,score_of_g_of_z,penalty");
  CHECK(header({"loss=r1", no_norm}) == losses + "d_of_x,d_of_g_of_z,penalty");
  for (Row row : metrics_of(folder / "run")) {
    CHECK(row["penalty"] > 0);
    CHECK(row["discriminator_loss"] ==
          doctest::Approx(row["loss_on_real"] + row["loss_on_fake"] + row["penalty"]).epsilon(1e-5));
  }
  CHECK(header({R"(codes={"categorical": 2, "head": [{"type": "linear", "features": 2}]})"}) ==
        losses + "d_of_x,d_of_g_of_z,code_loss");
  for (Row row : metrics_of(folder / "run")) CHECK(row["code_loss"] > 0);

  const Ending ending = train(folder, {"loss=hinge"});
  CHECK(ending.out.find("  score(x) ") != std::string::npos);
  CHECK(ending.out.find("  score(G(z)) ") != std::string::npos);
  CHECK(ending.out.find("D(x)") == std::string::npos);
}

TEST_CASE("run: with everything in use, the seed determines every byte and every line, on any number of threads") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", everything);
  std::map<std::string, std::pair<Files, std::vector<std::string>>> results;
  for (const std::string threads : {"1", "2", "5"}) {
    const Ending ending = train(folder, {"training.threads=" + threads}, "threads-" + threads);
    Files files = files_below(folder / ("threads-" + threads));
    for (const char* name : {"config.json", "run.json", "timing.csv"}) REQUIRE(files.erase(name) == 1);
    results[threads] = {files, lines_with(ending.out, ">")};
  }
  const Files& files = results["1"].first;
  const std::vector<std::string>& lines = results["1"].second;
  std::string names;
  for (const auto& [name, bytes] : files) names += name + " ";
  CHECK(names ==
        "code_head.safetensors discriminator.safetensors generator.safetensors generators "
        "generators/epoch-0001.safetensors metrics.csv "
        "model.svg samples samples/codes-0001.png samples/codes-0002.png samples/epoch-0001.png samples/epoch-0002.png "
        "samples/real.png samples/untrained.png ");
  // 5 batches in an epoch, 2 for each step: steps 1 to 3, then 4 and 5.
  REQUIRE(lines.size() == 9);
  const char* const begins[] = {">1 real=",         ">2 real=",    ">1, 1/3, d=", ">1, 2/3, d=",     ">1, 3/3, d=",
                                ">Accuracy real: ", ">2, 1/2, d=", ">2, 2/2, d=", ">Accuracy real: "};
  for (std::size_t i = 0; i < 9; ++i) CHECK_MESSAGE(lines[i].starts_with(begins[i]), lines[i]);
  for (const std::string threads : {"2", "5"}) {
    CAPTURE(threads);
    CHECK(results[threads].second == lines);
    for (const auto& file : files) CHECK_MESSAGE((results[threads].first[file.first] == file.second), file.first);
    CHECK(results[threads].first.size() == files.size());
  }

  const Checkpoint generator = read_safetensors(folder / "threads-1/generator.safetensors");
  CHECK(generator.at("0.weight").shape() == Shape{10, 4});
  CHECK(generator.at("1.weight").shape() == Shape{392, 5 + 5 + 4});
  CHECK(Json::parse(generator.metadata.at("codes"))["categorical"] == 3);
  const Checkpoint head = read_safetensors(folder / "threads-1/code_head.safetensors");
  CHECK(Json::parse(head.metadata.at("model")) == Json::parse(generator.metadata.at("codes"))["head"]);
  CHECK(head.tensors.size() == 4);
  CHECK(head.at("head.2.weight").shape() == Shape{5, 16});
  for (Row row : metrics_of(folder / "threads-1")) {
    CHECK(row["penalty"] > 0);
    CHECK(row["code_loss"] > 0);
    for (const auto& cell : row) CHECK_MESSAGE(std::isfinite(cell.second), cell.first);
  }
}
