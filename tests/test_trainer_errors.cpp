// What a trainer says of bad input: a line for each error on standard error, its exit code, and nothing written.
#include <doctest/doctest.h>

#include <sstream>

#include "apps/common/command_line.hpp"
#include "tests/program.hpp"

using namespace tapestry;

namespace {

// Runs the trainer with these words in the folder. It must say what is expected, in one line for each entry, end with
// this code, and leave the folder as it was.
void check_refused(const TemporaryFolder& folder, const Words& words, int code, const std::vector<std::string>& lines) {
  const Files before = files_below(folder.path());
  const Ending ending = run_program("mnist_dcgan", words, folder);
  INFO(ending.err);
  CHECK(ending.code() == code);
  CHECK(count_lines(ending.err) == lines.size());
  std::istringstream said(ending.err);
  std::string line;
  for (const std::string& expected : lines) {
    std::getline(said, line);
    CHECK_MESSAGE(line.find(expected) != std::string::npos, "expected: ", expected);
  }
  CHECK((files_below(folder.path()) == before));
}

// The small configuration with one part of its text changed, as wrong.json, is refused with code 2.
void check_wrong(const std::string& from, const std::string& to, const std::vector<std::string>& lines) {
  CAPTURE(to);
  const TemporaryFolder folder;
  write_file(folder / "wrong.json", replaced(small_configuration, from, to));
  check_refused(folder, {"wrong.json", "--out", "run"}, exit_wrong_configuration, lines);
}

// The small configuration with these words behind it.
void check_words(Words words, int code, const std::vector<std::string>& lines) {
  CAPTURE(words.front());
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  words.insert(words.begin(), {"config.json", "--out", "run"});
  check_refused(folder, words, code, lines);
}

std::string big_endian(std::initializer_list<std::uint32_t> words) {
  std::string bytes;
  for (const std::uint32_t word : words)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
  return bytes;
}

// `count` black pictures, all of them zeros.
std::string images(std::uint32_t count, std::uint32_t height = 28, std::uint32_t width = 28) {
  return big_endian({0x803, count, height, width}) + std::string(std::size_t{count} * height * width, '\0');
}
std::string labels(std::uint32_t count) { return big_endian({0x801, count}) + std::string(count, '\0'); }

// With these two files as MNIST, a run is refused with code 3; if `says` is empty, they are good.
void check_data(const std::string& pictures, const std::string& names, const std::string& says) {
  CAPTURE(says);
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  std::filesystem::create_directory(folder / "data");
  write_file(folder / "data/train-images-idx3-ubyte", pictures);
  write_file(folder / "data/train-labels-idx1-ubyte", names);
  Words words = {"config.json", "--out",          "run",   "--set",        "data.source=mnist",
                 "--set",       "data.path=data", "--set", "data.count=40"};
  if (!says.empty()) return check_refused(folder, words, exit_wrong_data, {says});
  words.push_back("--check");
  CHECK(run_program("mnist_dcgan", words, folder).code() == exit_done);
}

}  // namespace

TEST_CASE("trainer errors: the command line") {
  const TemporaryFolder empty;
  check_refused(empty, {}, exit_wrong_configuration, {"no configuration; for example: mnist_dcgan config.json"});
  check_refused(empty, {"config.json"}, exit_wrong_configuration, {"config.json: cannot be read: No such file"});
  check_refused(empty, {"."}, exit_wrong_configuration, {".: is a folder"});
  check_words({"--epochs", "3"}, exit_wrong_configuration, {"--epochs"});
  check_words({"second.json"}, exit_wrong_configuration, {"second.json"});
  check_words({"--steps", "0"}, exit_wrong_configuration,
              {"--steps 0: /training/steps is 0; expected an integer from 1"});
  check_words({"--threads", "-1"}, exit_wrong_configuration, {"--threads -1: /training/threads is -1"});
  check_words({"--set", "generator.10.type=relu"}, exit_wrong_configuration,
              {"--set generator.10.type=relu: /generator is a list of 10; expected a number below that, got \"10\""});
  check_words({"--set", "training.bach=3"}, exit_wrong_configuration,
              {"--set training.bach=3: /training/bach is not a known key; did you mean \"batch\"?"});
  check_words({"--set", "loss.kind=bce"}, exit_wrong_configuration,
              {"/loss is \"bce_with_logits\"; expected an object"});
}

TEST_CASE("trainer errors: broken JSON") {
  check_wrong("\"latent\":", "\"latent\"", {"wrong.json:3:12: found \"{\"; expected \":\""});
  check_wrong("{\"size\": 8}", "{\"size\": }", {"wrong.json:3:22: found \"}\"; expected a value"});
  check_wrong("\"loss\"", "// loss\n\"loss\"", {"wrong.json:26:3: found"});
  check_wrong("\n}\n", "\n", {"wrong.json:30:1: found the end of the file"});
}

TEST_CASE("trainer errors: keys, types and values") {
  check_wrong(
      "learning_rate", "learning_rat",
      {"wrong.json:27:48: /optimizers/generator/learning_rat is not a known key; did you mean \"learning_rate\"?"});
  check_wrong("\"loss\":", "\"frobnicate\": 1,\n  \"loss\":",
              {"wrong.json:26:3: /frobnicate is not a known key; expected one of \"data\", \"latent\""});
  check_wrong("\"batch\": 40", "\"batch\": \"many\"",
              {"wrong.json:28:38: /training/batch is \"many\"; expected an integer from 1 to 65536"});
  check_wrong("\"batch\": 40", "\"batch\": 3.5", {"/training/batch is 3.5; expected an integer"});
  check_wrong("\"loss\": \"bce_with_logits\"", "\"loss\": \"bce_with_logit\"",
              {"/loss is \"bce_with_logit\"; expected one of "});
  check_wrong("{\"type\": \"relu\"}", "{\"type\": \"rellu\"}", {"/generator/7/type is \"rellu\"; expected one of "});
}

TEST_CASE("trainer errors: shapes that do not fit name the layer, what comes in and what it wants") {
  check_wrong(
      "[16, 7, 7]", "[16, 7, 8]",
      {"wrong.json:9:5: /generator/4 reshape: got (40, 784), 784 numbers a sample; expected 896 for (16, 7, 8)"});
  check_wrong("    {\"type\": \"flatten\"},\n", "",
              {"wrong.json:23:5: /discriminator/6 linear: got (40, 16, 7, 7); expected"});
  check_wrong("\"channels\": 1, ", "\"channels\": 3, ",
              {"/generator/9 tanh: the network ends in 3 x 28 x 28; expected 1 x 28 x 28"});
}

TEST_CASE("trainer errors: all of a configuration at once, in the order of the file") {
  const TemporaryFolder folder;
  std::string text = replaced(small_configuration, "\"size\": 8", "\"size\": 0");
  text = replaced(text, "\"rate\": 0.1", "\"rate\": 1.5");
  text = replaced(text, "\"kernel\": 3", "\"kernal\": 3");
  text = replaced(text, "\"seed\": 5", "\"seed\": true");
  write_file(folder / "wrong.json", text);
  check_refused(folder, {"wrong.json", "--out", "run"}, exit_wrong_configuration,
                {"wrong.json:3:22: /latent/size is 0", "wrong.json:8:33: /generator/3/rate is 1.5",
                 "wrong.json:17:5: /discriminator/0/kernel is missing", "/discriminator/0/kernal is not a known key",
                 "wrong.json:28:50: /training/seed is true"});
}

TEST_CASE("trainer errors: data") {
  check_words({"--set", "data.source=mnist"}, exit_wrong_data, {"put train-images-idx3-ubyte.gz and train-labels"});
  check_data(images(40), labels(40), "");
  check_data(
      images(40).substr(0, 1000), labels(40),
      "data/train-images-idx3-ubyte: ends after 1000 bytes; expected 31376, as its header declares (40, 28, 28)");
  check_data(images(40).substr(0, 7), labels(40), "data/train-images-idx3-ubyte: ");
  check_data("GIF89a" + std::string(100, ' '), labels(40), "data/train-images-idx3-ubyte: ");
  check_data(labels(40), images(40), "data/train-images-idx3-ubyte: ");
  check_data(images(40), labels(39), "data/train-labels-idx1-ubyte: has 39 labels; expected 40");
  check_data(images(40, 27, 27), labels(40), "expected (1, 28, 28)");
  check_data(images(30), labels(30), "asked for 40 pictures from number 0 on; it has 30");
}

TEST_CASE("trainer: --check prints both networks and writes nothing") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  const Files before = files_below(folder.path());
  for (const Words& words : {Words{"config.json", "--check"}, Words{"config.json", "--check", "--out", "run"}}) {
    const Ending ending = run_program("mnist_dcgan", words, folder);
    CHECK(ending.code() == exit_done);
    CHECK(ending.err == "");
    for (const char* part : {"generator: 8 -> 1 x 28 x 28\n", "conv_transpose2d  8 x 14 x 14              2,056\n",
                             "discriminator: 1 x 28 x 28 -> 1\n", "conv2d            16 x 7 x 7               1,168\n",
                             "2 epochs, 12 steps of 40 real pictures\n"})
      CHECK_MESSAGE(ending.out.find(part) != std::string::npos, part, " is missing in\n", ending.out);
    CHECK((files_below(folder.path()) == before));
  }
}
