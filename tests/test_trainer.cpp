// A whole run of a trainer: what it leaves, that the seed determines it, and what Ctrl-C does to it.
#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <sstream>
#include <thread>

#include "apps/common/picture.hpp"
#include "apps/common/safetensors.hpp"
#include "tests/program.hpp"
#include "tests/real_mnist.hpp"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

// A run of the configuration that lies in the folder, which must end well.
Ending train(const TemporaryFolder& folder, const Words& words) {
  const Ending ending = run_program("mnist_dcgan", words, folder);
  INFO(ending.err);
  REQUIRE(ending.code() == exit_done);
  CHECK(ending.err == "");
  return ending;
}

// What is left of a run that has nothing to do with time, place, and number of threads.
Files results(const std::string& run) {
  Files files = files_below(run);
  for (const char* name : {"config.json", "run.json", "timing.csv"}) REQUIRE(files.erase(name) == 1);
  return files;
}

std::string names(const Files& files) {
  std::string list;
  for (const auto& [name, bytes] : files) list += name + " ";
  return list;
}

const char* const all_files =
    "discriminator.safetensors generator.safetensors metrics.csv model.svg samples samples/epoch-0001.png "
    "samples/epoch-0002.png "
    "samples/real.png samples/untrained.png ";

// The names of the files that are not the same, or only in one of both.
std::string differences(const Files& a, Files b) {
  for (const auto& [name, bytes] : a) {
    const auto other = b.try_emplace(name).first;
    if (other->second == bytes) b.erase(other);
  }
  return names(b);
}

// Trains with 1, 2, 3 and 8 threads, with fewer than it asked for, again from what a run resolved, and with another
// seed; returns the differences that the other seed makes.
std::string check_reproducible(const TemporaryFolder& folder, const std::string& configuration) {
  write_file(folder / "config.json", configuration);
  train(folder, {"config.json", "--threads", "1", "--out", "first"});
  const Files first = results(folder / "first");
  CHECK(names(first) == all_files);
  for (const char* threads : {"2", "3", "8"}) {
    CAPTURE(threads);
    train(folder, {"config.json", "--threads", threads, "--out", std::string("threads-") + threads});
    CHECK(differences(first, results(folder / ("threads-" + std::string(threads)))) == "");
  }
  setenv("OMP_THREAD_LIMIT", "2", 1);  // two threads then do the work of eight
  train(folder, {"config.json", "--threads", "8", "--out", "limited"});
  unsetenv("OMP_THREAD_LIMIT");
  CHECK(differences(first, results(folder / "limited")) == "");
  train(folder, {"first/config.json", "--out", "deeper/again"});
  CHECK(differences(first, results(folder / "deeper/again")) == "");
  CHECK(differences(files_below(folder / "first"), files_below(folder / "deeper/again")) == "run.json timing.csv ");
  train(folder, {"config.json", "--seed", "6", "--out", "other"});
  return differences(first, results(folder / "other"));
}

Json run_json(const TemporaryFolder& folder) { return Json::parse(read_file(folder / "run/run.json")); }

// The lines of metrics.csv below its first: steps from 1 on, and epochs of six steps.
void check_metrics(const std::string& file, std::size_t steps) {
  const std::string text = read_file(file);
  CHECK(count_lines(text) == steps + 1);
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  CHECK(line == "step,epoch,loss_on_real,loss_on_fake,discriminator_loss,generator_loss,d_of_x,d_of_g_of_z");
  for (std::size_t step = 0; std::getline(lines, line); ++step) {
    CHECK(line.starts_with(std::to_string(step + 1) + "," + std::to_string(step / 6 + 1) + ","));
    CHECK(std::count(line.begin(), line.end(), ',') == 7);
    CHECK(line.find("nan") == std::string::npos);
  }
}

// Loads the weights into the networks that the run's configuration describes, which is an error unless every name and
// shape is right; then the last sample has to be what they make of the latents of the samples.
void check_weights(const std::string& run, long epoch) {
  const Configuration read = read_configuration(JsonSource::from_file(run + "/config.json"), mnist_trainer);
  auto load = [&](const std::string& network, Sequential& model) {
    const std::string path = run + "/" + network + ".safetensors";
    const Checkpoint checkpoint = read_safetensors(path);
    load_into(checkpoint, model.parameters(), model.buffers(), path);
    CHECK(Json::parse(checkpoint.metadata.at("model")) == read.resolved[network]);
    CHECK(Json::parse(checkpoint.metadata.at("latent")) == Json({{"size", 8}, {"distribution", "normal"}}));
    CHECK(Json::parse(checkpoint.metadata.at("scale")) == Json({-1, 1}));
  };
  load("generator", *read.generator);
  load("discriminator", *read.discriminator);

  const Tensor latents = Random(read.training.seed)("samples").normal({6, 8});
  const Tensor pictures = (*read.generator)(Pass::evaluation(), latents).value();
  const std::string file =
      run + "/samples/epoch-" + std::string(4 - std::to_string(epoch).size(), '0') + std::to_string(epoch) + ".png";
  CHECK((read_file(file) == encode_png(grid(pictures, -1, 1, {.rows = 2, .columns = 3}))));
}

// No control characters: they belong on a terminal.
void check_plain(const std::string& text) {
  CHECK(text.ends_with('\n'));
  const auto is_control = [](unsigned char c) { return c < ' ' && c != '\n'; };
  CHECK_MESSAGE(std::none_of(text.begin(), text.end(), is_control), text);
}

}  // namespace

TEST_CASE("trainer: the seed determines every byte, on any number of threads") {
  const TemporaryFolder folder;
  CHECK(check_reproducible(folder, small_configuration) ==
        replaced(replaced(all_files, "samples ", ""), "model.svg ", ""));
}

TEST_CASE("trainer: on MNIST, too, the seed determines every byte") {
  const auto data = real_mnist();
  if (!data) return;
  const TemporaryFolder folder;
  const std::string source = "\"mnist\", \"path\": " + Json(fs::relative(*data, folder.path()).string()).dump();
  const std::string changed = check_reproducible(folder, replaced(small_configuration, "\"synthetic_digits\"", source));
  CHECK(changed == replaced(replaced(replaced(all_files, "samples ", ""), "model.svg ", ""), "samples/real.png ", ""));
}

TEST_CASE("trainer: what a run leaves") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  const Ending ending = train(folder, {"config.json", "--out", "run", "--threads", "2", "--set",
                                       "generator.2.slope=0.25", "--set", "output.samples.scale=1"});
  check_plain(ending.out);
  CHECK(ending.out.ends_with("finished after step 12; the results are in run\n"));
  CHECK(names(files_below(folder / "run")) ==
        "config.json discriminator.safetensors generator.safetensors metrics.csv model.svg run.json samples "
        "samples/epoch-0001.png samples/epoch-0002.png samples/real.png samples/untrained.png timing.csv ");

  const Json run = run_json(folder);
  CHECK(run["state"] == "finished");
  CHECK(run["step"] == 12);
  CHECK(run["steps"] == 12);
  CHECK(run["epoch"] == 2);
  CHECK(run["machine"]["threads"] == 2);

  const Json configuration = Json::parse(read_file(folder / "run/config.json"));
  CHECK(configuration["generator"][2]["slope"] == 0.25);
  CHECK(configuration["training"]["threads"] == 2);
  CHECK(configuration["optimizers"]["discriminator"]["type"] == "adam");

  check_metrics(folder / "run/metrics.csv", 12);
  CHECK(count_lines(read_file(folder / "run/timing.csv")) == 13);
  check_weights(folder / "run", 2);
}

TEST_CASE("trainer: what draws the samples is saved: the average of the weights") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  train(folder, {"config.json", "--out", "plain"});
  train(folder, {"config.json", "--set", "training.average=0.9", "--out", "run"});
  check_weights(folder / "run", 2);
  const std::string file = "/generator.safetensors";
  CHECK((read_file(folder / ("plain" + file)) != read_file(folder / ("run" + file))));
}

TEST_CASE("trainer: weights have the names and shapes of PyTorch's nn.Sequential") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  train(folder, {"config.json", "--out", "run", "--steps", "1"});
  std::ostringstream found;
  for (const NamedTensor& tensor : read_safetensors(folder / "run/discriminator.safetensors").tensors)
    found << tensor.name << " " << tensor.value.shape() << "\n";
  CHECK(found.str() ==
        "0.weight (8, 1, 3, 3)\n0.bias (8)\n3.weight (16, 8, 3, 3)\n3.bias (16)\n4.weight (16)\n4.bias (16)\n"
        "7.weight (1, 784)\n7.bias (1)\n4.running_mean (16)\n4.running_var (16)\n");
  const Checkpoint generator = read_safetensors(folder / "run/generator.safetensors");
  CHECK(generator.at("0.weight").shape() == Shape{784, 8});
  CHECK(generator.at("5.weight").shape() == Shape{16, 8, 4, 4});
}

TEST_CASE("trainer: a sample is a grid of the chosen size") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  train(folder, {"config.json", "--out", "run", "--steps", "7", "--set", "output.samples.scale=2", "--set",
                 "output.samples.every_epochs=2"});
  CHECK_FALSE(fs::exists(folder / "run/samples/epoch-0001.png"));
  for (const char* name : {"run/samples/epoch-0002.png", "run/samples/real.png"}) {
    int width = 0, height = 0, channels = 0;
    stbi_uc* pixels = stbi_load((folder / name).c_str(), &width, &height, &channels, 0);
    REQUIRE(pixels);
    CHECK(std::set<stbi_uc>(pixels, pixels + width * height).size() > 10);
    stbi_image_free(pixels);
    CHECK(width == 3 * 56 + 2);
    CHECK(height == 2 * 56 + 1);
    CHECK(channels == 1);
  }
}

TEST_CASE("trainer: a run is replaced only when it is told to") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  train(folder, {"config.json", "--out", "run"});
  const Files before = files_below(folder.path());

  const Ending refused = run_program("mnist_dcgan", {"config.json", "--out", "run", "--seed", "6"}, folder);
  CHECK(refused.code() == exit_failed);
  CHECK(refused.err.starts_with("run: holds a run already; expected a new or empty folder"));
  CHECK(count_lines(refused.err) == 1);
  CHECK(differences(before, files_below(folder.path())) == "");

  train(folder, {"config.json", "--out", "run", "--seed", "6", "--steps", "3", "--overwrite"});
  check_metrics(folder / "run/metrics.csv", 3);
  check_weights(folder / "run", 1);
  CHECK_FALSE(fs::exists(folder / "run/samples/epoch-0002.png"));

  train(folder, {"config.json", "--steps", "1"});  // without --out
  REQUIRE(fs::exists(folder / "runs"));
  CHECK(names(files_below(folder / "runs")).find("mnist_dcgan-") == 0);
}

TEST_CASE("trainer: Ctrl-C ends a run by that signal, with everything written") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  const Words words = {
      "config.json", "--out", "run", "--steps", "1000000", "--set", "output.samples.every_epochs=1000000"};
  Process process("mnist_dcgan", words, folder.path());
  auto lines = [&] {
    return fs::exists(folder / "run/metrics.csv") ? count_lines(read_file(folder / "run/metrics.csv")) : 0;
  };
  while (lines() < 5) {
    REQUIRE(process.running());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  process.send(SIGINT);
  const Ending ending = process.wait();
  CHECK(ending.signal() == SIGINT);
  CHECK(ending.err == "");
  check_plain(ending.out);

  const Json run = run_json(folder);
  const long step = run["step"].get<long>(), epoch = run["epoch"].get<long>();
  CHECK(run["state"] == "interrupted");
  CHECK(step >= 4);
  CHECK(epoch == (step - 1) / 6 + 1);
  CHECK(ending.out.ends_with("interrupted after step " + with_commas(step) + "; the results are in run\n"));
  check_metrics(folder / "run/metrics.csv", step);
  check_weights(folder / "run", epoch);
}

// What a shell makes of a command with our programs in it: %1 is their folder.
static Ending ending_of_shell(std::string command, const TemporaryFolder& folder) {
  const char* programs = std::getenv("TAPESTRY_PROGRAMS");
  command = replaced(command, "%1", fs::absolute(programs ? programs : "apps").string());
  Ending ending;
  ending.status = std::system(("cd " + folder.path() + " && { " + command + "; } 2>err").c_str());
  ending.err = read_file(folder / "err");
  return ending;
}

TEST_CASE("trainer: what standard output loses is an error, and the run is kept") {
  if (!fs::exists("/dev/full")) {
    MESSAGE("skipped: no /dev/full");
    return;
  }
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  const std::string lost =
      "standard output: cannot be written; expected room on its disk, or a reader at its other end\n";
  for (const char* words : {"--help", "config.json --check", "config.json --steps 2 --out run"}) {
    CAPTURE(words);
    const Ending ending = ending_of_shell("%1/mnist_dcgan " + std::string(words) + " >/dev/full", folder);
    CHECK(ending.code() == 1);
    CHECK(ending.err == lost);
  }
  CHECK(run_json(folder)["state"] == "finished");
  check_weights(folder / "run", 1);
}

TEST_CASE("trainer: losses that are no numbers are said once") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  const Ending ending = run_program(
      "mnist_dcgan", {"config.json", "--set", R"(optimizers.discriminator={"type": "sgd", "learning_rate": 1e30})"},
      folder);
  CHECK(ending.code() == 0);
  const std::string notice = "a loss is no number any more";
  REQUIRE(ending.out.find(notice) != std::string::npos);
  CHECK(ending.out.find(notice) == ending.out.rfind(notice));
}

TEST_CASE("trainer: threads wait for one another for a short while, unless the environment says how") {
  const TemporaryFolder folder;
  const std::string show = "env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT OMP_DISPLAY_ENV=verbose ";
  const std::string spins = "GOMP_SPINCOUNT = '",
                    told = ending_of_shell(show + "%1/mnist_dcgan --version >out", folder).err;
  if (told.find(spins) == std::string::npos) {
    MESSAGE("skipped: this OpenMP has no GOMP_SPINCOUNT");
    return;
  }
  CHECK(told.substr(told.rfind(spins)).starts_with(spins + "10000'"));
  const std::string own = ending_of_shell(show + "GOMP_SPINCOUNT=7 %1/mnist_dcgan --version >out", folder).err;
  CHECK(own.find(spins) == own.rfind(spins));
  CHECK(own.substr(own.find(spins)).starts_with(spins + "7'"));
}
