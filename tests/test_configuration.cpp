// Reading a configuration: positions, exact texts of errors, what the command line changes.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "apps/common/configuration.hpp"
#include "apps/common/file.hpp"
#include "tests/data_folder_variable.hpp"
#include "tests/temporary_folder.hpp"

using namespace tapestry;

namespace {

const Trainer mnist{{"mnist", "synthetic_digits"}};

// The smallest configuration that a trainer accepts.
const char* const small = R"({
  "data": {"source": "mnist", "scale": [-1, 1]},
  "latent": {"size": 10},
  "generator": [
    {"type": "linear", "features": 784},
    {"type": "reshape", "shape": [1, 28, 28]},
    {"type": "tanh"}
  ],
  "discriminator": [
    {"type": "flatten"},
    {"type": "linear", "features": 1}
  ],
  "loss": "bce_with_logits",
  "training": {
    "epochs": 3,
    "batch": 8
  }
})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

std::string syntax_error(const std::string& text) {
  return error_of([&] { JsonSource("c.json", text); });
}

// What reading says of the small configuration, changed in one place of its text.
std::string error_after(const std::string& from, const std::string& to) {
  return error_of([&] { read_configuration(JsonSource("c.json", replaced(small, from, to)), mnist); });
}

// The same, changed by --set.
std::string error_after_set(const std::vector<std::string>& assignments) {
  return error_of([&] {
    JsonSource source("c.json", small);
    Problems problems;
    for (const std::string& assignment : assignments) source.set(assignment, problems);
    read_configuration(source, mnist, problems);
  });
}

Configuration read_after_set(const std::vector<std::string>& assignments) {
  JsonSource source("c.json", small);
  Problems problems;
  for (const std::string& assignment : assignments) source.set(assignment, problems);
  return read_configuration(source, mnist, problems);
}

struct Parsed {
  CommandLine line;
  std::string out, err;
};

Parsed parse(std::vector<const char*> words) {
  words.insert(words.begin(), "mnist_dcgan");
  std::ostringstream out, err;
  const int count = static_cast<int>(words.size());
  CommandLine line = parse_command_line(count, words.data(), "mnist_dcgan", "Trains a DCGAN.", out, err);
  return {std::move(line), out.str(), err.str()};
}

}  // namespace

TEST_CASE("json: values, keys and entries of lists have places, columns in characters") {
  const JsonSource source("c.json", "{\n  \"é\": [1,\n \"two\"], \"ü\": {\"x/y\": true}}");
  CHECK(source.document()["é"][1] == "two");
  CHECK(source.place_of_key("/é").text() == "c.json:2:3");
  CHECK(source.place_of_value("/é").text() == "c.json:2:8");
  CHECK(source.place_of_value("/é/1").text() == "c.json:3:2");
  CHECK(source.place_of_key("/ü").text() == "c.json:3:10");
  CHECK(source.place_of_value("/ü/x~1y").text() == "c.json:3:23");
  CHECK(source.place_of_value("/ü/missing").text() == "c.json:3:15");
}

TEST_CASE("json: escapes") {
  const JsonSource source("c.json", R"(["a\"]\\", "\u00e9", 1])");
  CHECK(source.document()[0] == "a\"]\\");
  CHECK(source.document()[1] == "é");
  CHECK(source.place_of_value("/2").text() == "c.json:1:22");
}

TEST_CASE("json: mistakes are named with line and column") {
  CHECK(syntax_error("") ==
        "c.json:1:1: found the end of the file; expected a value: a number, \"text\", true, false, "
        "null, a list or an object");
  CHECK(syntax_error("{") == "c.json:1:2: found the end of the file; expected a key in double quotes or \"}\"");
  CHECK(syntax_error("{\n  \"a\": 1,\n}") ==
        "c.json:3:1: found \"}\"; expected a key in double quotes; JSON has no comma after the last entry");
  CHECK(syntax_error("[1, 2,]") == "c.json:1:7: found \"]\"; expected a value; JSON has no comma after the last entry");
  CHECK(syntax_error("{\"a\" 1}") == "c.json:1:6: found \"1\"; expected \":\" after the key \"a\"");
  CHECK(syntax_error("[1 2]") == "c.json:1:4: found \"2\"; expected \",\" or \"]\"");
  CHECK(syntax_error("{\"a\": 1 \"b\": 2}") == "c.json:1:9: found \"\\\"\"; expected \",\" or \"}\"");
  CHECK(syntax_error("{} x") == "c.json:1:4: found \"x\"; expected the end of the file");
  CHECK(syntax_error("[\"a\n\"]") == "c.json:1:2: a string without its closing quote on the same line");
  CHECK(syntax_error("[\"a\\") == "c.json:1:2: a string without its closing quote on the same line");
  CHECK(syntax_error("[\"\\q\"]") ==
        "c.json:1:2: a string with a control character, an unknown escape or broken UTF-8");
  CHECK(syntax_error("[\"\xff\"]") ==
        "c.json:1:2: a string with a control character, an unknown escape or broken UTF-8");
  for (const char* word : {"01", "tru", "1e999", "NaN", "+1", "'a'", "// note"}) {
    CAPTURE(word);
    CHECK(syntax_error(word).starts_with("c.json:1:1: found \""));
  }
  CHECK(syntax_error("[ // note\n]").ends_with("; JSON has no comments"));
}

TEST_CASE("json: what a parser would pass over in silence") {
  CHECK(syntax_error("{\"a\": 1,\n \"b\": 2, \"a\": 3}") ==
        "c.json:2:10: /a is given twice, first at c.json:1:2; remove one");
  CHECK(syntax_error(std::string("{}\0 {}", 6)) == "c.json: byte 2 is 0; expected text in UTF-8");
  CHECK(syntax_error("\xEF\xBB\xBF{}") == "c.json: begins with a byte order mark; save it as UTF-8 without one");
  CHECK(syntax_error(std::string(64, '[') + std::string(64, ']')) == "no error");
  CHECK(syntax_error(std::string(200000, '[')) == "c.json:1:66: more than 64 levels; expected fewer");
}

TEST_CASE("json: a file that cannot be read") {
  CHECK(
      error_of([] { JsonSource::from_file("no/such/file.json"); }).starts_with("no/such/file.json: cannot be read: "));
  CHECK(error_of([] { JsonSource::from_file("."); }) == ".: is a folder; expected a file");
}

TEST_CASE("options: the nearest known word") {
  CHECK(nearest("lern_rate", {"type", "learning_rate", "beta1"}) == "learning_rate");
  CHECK(nearest("adm", {"sgd", "adam"}) == "adam");
  CHECK(nearest("chanels", {"kernel", "channels"}) == "channels");
  CHECK(nearest("kernal", {"kernel", "channels"}) == "kernel");
  CHECK(nearest("zebra", {"kernel", "channels"}) == "");
  CHECK(nearest("", {"a", "bc"}) == "");
}

TEST_CASE("options: an integer beyond 64 bits with a sign is not taken for a negative one") {
  const JsonSource source("c.json", R"({"a": 18446744073709551615, "b": -1})");
  Problems problems;
  Json resolved;
  {
    Options options({source, problems, resolved});
    CHECK(options.integer("a", required, -5, 5) == -5);
    CHECK(options.integer("b", required, -5, 5) == -1);
  }
  CHECK(error_of([&] { problems.raise(); }) ==
        "c.json:1:7: /a is 18446744073709551615; expected an integer from -5 to 5");
}

TEST_CASE("configuration: defaults") {
  const DataFolderVariable nowhere(std::nullopt);
  const Configuration read = read_configuration(JsonSource("folder/c.json", small), mnist);
  CHECK(read.data.source == "mnist");
  CHECK(read.data.from.picture == Shape{1, 28, 28});
  CHECK(read.resolved["data"]["path"] == std::filesystem::absolute("folder/data/mnist").string());
  CHECK(read.data.scale == Scale::minus_one_to_one);
  CHECK_FALSE(read.data.count);
  CHECK(read.latent.size == 10);
  CHECK(read.latent.distribution == Distribution::normal);
  CHECK(read.generator->size() == 3);
  CHECK(read.discriminator->size() == 2);
  CHECK(read.loss.head == Head::logit);
  CHECK(read.resolved["loss"].dump() == R"({"type":"bce_with_logits"})");
  CHECK(read.game.discriminator_step == DiscriminatorStep::summed);
  CHECK(read.game.fakes == Fakes::fresh);
  CHECK(read.game.order == Order::alternating);
  CHECK(read.training.epochs == 3);
  CHECK_FALSE(read.training.steps);
  CHECK_FALSE(read.training.steps_per_epoch);
  CHECK(read.training.batch == 8);
  CHECK(read.training.generator_batch == 8);
  CHECK(read.training.batches == BatchPolicy::shuffled_keep);
  CHECK(read.training.seed == 1);
  CHECK(read.training.threads == 0);
  CHECK(read.output.samples.rows == 5);
}

TEST_CASE("configuration: data are also looked for under TAPESTRY_DATA") {
  const DataFolderVariable elsewhere("/elsewhere");
  const JsonSource source("folder/c.json", R"({"path": "my/mnist"})");
  Problems problems;
  Json resolved;
  Options data({source, problems, resolved});
  const std::vector<std::filesystem::path> folders = read_path(data, "data/mnist");
  CHECK(folders ==
        std::vector<std::filesystem::path>{std::filesystem::absolute("folder/my/mnist"), "/elsewhere/mnist"});
}

TEST_CASE("configuration: the resolved one says which data are there") {
  const TemporaryFolder folder;
  const auto resolved = [&] {
    const JsonSource source(folder / "c.json",
                            R"({"data": {"source": "mnist_or_synthetic_digits", "path": "elsewhere/mnist"}})");
    Problems problems;
    Json resolved;
    Options whole({source, problems, resolved});
    Options data = whole.object("data");
    read_data_source("mnist_or_synthetic_digits", data);
    return resolved["data"];
  };
  const DataFolderVariable here(folder.path());
  CHECK(resolved()["source"] == "synthetic_digits");
  std::filesystem::create_directory(folder / "mnist");
  for (const char* file : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"})
    write_file(folder / "mnist" + "/" + file, "");
  CHECK(resolved()["source"] == "mnist");
  CHECK(resolved()["path"] == folder / "mnist");
}

TEST_CASE("configuration: the resolved one holds every default and gives itself when read again") {
  const DataFolderVariable nowhere(std::nullopt);
  for (const char* file : {"apps/configs/mnist_keras.json", "apps/configs/mnist_tf2.json"}) {
    const Configuration read = read_configuration(JsonSource::from_file(file), mnist);
    const JsonSource again("some/other/folder/config.json", read.resolved.dump(2));
    CHECK(read_configuration(again, mnist).resolved.dump(2) == read.resolved.dump(2));
    CHECK(read.resolved["data"]["path"] == std::filesystem::absolute("data/mnist").string());
  }
  const Json resolved = read_configuration(JsonSource("c.json", small), mnist).resolved;
  CHECK(resolved["optimizers"]["generator"].dump() ==
        R"({"type":"adam","learning_rate":0.001,"beta1":0.9,"beta2":0.999,"epsilon":1e-07,)"
        R"("epsilon_place":"outside_correction"})");
  CHECK(resolved["generator"][0].dump() ==
        R"({"type":"linear","features":784,"bias":true,)"
        R"("weight_initializer":"glorot_uniform","bias_initializer":"zeros","spectral_norm":false})");
  CHECK(resolved["training"].dump() == R"({"epochs":3,"batch":8,"generator_batch":8,"batches":"shuffled",)"
                                       R"("last_batch":"keep","average":0,"seed":1,"threads":0,)"
                                       R"("detect_anomalies":false})");
}

TEST_CASE("configuration: the same seed gives the same weights, another one others") {
  const auto first_weight = [](const std::string& seed) {
    return read_after_set({"training.seed=" + seed}).generator->parameters()[0]->value()[0];
  };
  CHECK(first_weight("5") == first_weight("5"));
  CHECK(first_weight("5") != first_weight("6"));
}

TEST_CASE("configuration: unknown keys") {
  CHECK(error_after("\"epochs\"", "\"epcohs\"") ==
        "c.json:14:15: /training has neither \"epochs\" nor \"steps\"; expected one of them\n"
        "c.json:15:5: /training/epcohs is not a known key; did you mean \"epochs\"?");
  CHECK(error_after("\"size\": 10", "\"size\": 10, \"colour\": 3") ==
        "c.json:3:26: /latent/colour is not a known key; expected one of \"size\", \"distribution\"");
  CHECK(error_after("\"latent\"", "\"latents\"")
            .starts_with("c.json:3:3: /latents is not a known key; did you mean "
                         "\"latent\"?"));
  CHECK(error_after("\"features\": 1}", "\"features\": 1, \"biass\": false}") ==
        "c.json:11:39: /discriminator/1/biass is not a known key; did you mean \"bias\"?");
}

TEST_CASE("configuration: wrong types and ranges") {
  const auto batch = [](const std::string& value) { return error_after("\"batch\": 8", "\"batch\": " + value); };
  CHECK(batch("0") == "c.json:16:14: /training/batch is 0; expected an integer from 1 to 65536");
  CHECK(batch("3.7") == "c.json:16:14: /training/batch is 3.7; expected an integer from 1 to 65536");
  CHECK(batch("8.0") == "c.json:16:14: /training/batch is 8.0; expected an integer from 1 to 65536");
  CHECK(batch("4294967297") == "c.json:16:14: /training/batch is 4294967297; expected an integer from 1 to 65536");
  CHECK(batch("18446744073709551617").starts_with("c.json:16:14: /training/batch is 1.8446744073709552e+19; "));
  CHECK(batch("true") == "c.json:16:14: /training/batch is true; expected an integer from 1 to 65536");
  CHECK(batch("\"8\"") == "c.json:16:14: /training/batch is \"8\"; expected an integer from 1 to 65536");
  CHECK(batch("null") == "c.json:16:14: /training/batch is null; expected an integer from 1 to 65536");
  CHECK(batch("{\"a\": 1}") == "c.json:16:14: /training/batch is an object; expected an integer from 1 to 65536");
  CHECK(error_after("{\"size\": 10}", "10") == "c.json:3:13: /latent is 10; expected an object");
  const std::string losses =
      "\"bce\", \"bce_with_logits\", \"bce_on_probabilities\", \"softmax\", \"saturating\", \"least_squares\", "
      "\"hinge\", \"wasserstein\", \"wasserstein_gp\", \"r1\"";
  const auto loss_error = [&](const std::string& from, const std::string& to, const std::string& begin) {
    const std::string error = error_after(from, to);
    CHECK(error.starts_with(begin + "; expected one of " + losses));  // a user's own may follow
    return error.substr(error.rfind("; "));
  };
  CHECK(loss_error("\"bce_with_logits\"", "\"bce_with_logit\"", "c.json:13:11: /loss is \"bce_with_logit\"") ==
        "; did you mean \"bce_with_logits\"?");
  CHECK(loss_error("\"bce_with_logits\"", "{\"type\": \"hinged\"}", "c.json:13:20: /loss/type is \"hinged\"") ==
        "; did you mean \"hinge\"?");
  loss_error("\"loss\": \"bce_with_logits\",", "", "c.json:1:1: /loss is missing");
  CHECK(error_after("[-1, 1]", "[-1, 2]") == "c.json:2:40: /data/scale is [-1,2]; expected [-1, 1] or [0, 1]");
  CHECK(error_after("\"epochs\": 3,", "\"epochs\": 3, \"steps\": 4,") ==
        "c.json:14:15: /training has both \"epochs\" and \"steps\"; expected one of them");
  CHECK(error_of([] { read_configuration(JsonSource("c.json", "[]"), mnist); }) ==
        "c.json:1:1: the configuration is []; expected an object");
}

TEST_CASE("configuration: real numbers and their ranges") {
  const auto rate = [](const std::string& value) {
    return error_after("{\"type\": \"tanh\"}", "{\"type\": \"dropout\", \"rate\": " + value + "}");
  };
  CHECK(rate("0") == "no error");
  CHECK(rate("1") == "c.json:7:33: /generator/2/rate is 1; expected a number from 0 to below 1");
  CHECK(rate("false") == "c.json:7:33: /generator/2/rate is false; expected a number from 0 to below 1");
  CHECK(error_after_set({"optimizers.generator.learning_rate=0"}).ends_with(" is 0; expected a number above 0"));
  CHECK(error_after_set({"optimizers.generator.learning_rate=1e300"}).ends_with("e+300; expected a number above 0"));
  CHECK(error_after_set({"output.log_every_seconds=-1"}).ends_with(" is -1; expected a number of 0 or more"));
}

TEST_CASE("configuration: all errors at once, in the order of the file") {
  const std::string text = replaced(replaced(small, "784", "0"), "\"epochs\": 3", "\"epochs\": \"three\"");
  CHECK(error_of([&] { read_configuration(JsonSource("c.json", replaced(text, "[-1, 1]", "1")), mnist); }) ==
        "c.json:2:40: /data/scale is 1; expected [-1, 1] or [0, 1]\n"
        "c.json:5:36: /generator/0/features is 0; expected an integer from 1 to 1048576\n"
        "c.json:15:15: /training/epochs is \"three\"; expected an integer from 1 to 1000000000");
}

TEST_CASE("configuration: networks and the rest have to agree") {
  CHECK(error_after("[1, 28, 28]},", "[1, 14, 56]},") ==
        "c.json:7:5: /generator/2 tanh: the network ends in 1 x 14 x 56; expected 1 x 28 x 28, as the data are");
  CHECK(error_after("\"features\": 1}", "\"features\": 2}") ==
        "c.json:11:5: /discriminator/1 linear: the network ends in 2; expected 1, one number that says how real its "
        "input is");
  CHECK(error_after("bce_with_logits", "softmax") ==
        "c.json:11:5: /discriminator/1 linear: the network ends in 1; expected 2, one logit for fake, one for real");
  CHECK(error_after("bce_with_logits", "bce") ==
        "c.json:11:5: /discriminator/1 is a linear; expected a sigmoid at the "
        "end, since \"loss\" judges probabilities");
  CHECK(error_after("\"features\": 1}", "\"features\": 1}, {\"type\": \"sigmoid\"}") ==
        "c.json:11:40: /discriminator/2 is a sigmoid; expected the logits at the end, since \"loss\" takes logits");
  CHECK(error_after("[-1, 1]", "[0, 1]") ==
        "c.json:7:5: /generator/2 is a tanh, which ends in [-1, 1]; expected a "
        "sigmoid, since the data are scaled to [0, 1]");
  CHECK(error_after("\"tanh\"", "\"sigmoid\"") ==
        "c.json:7:5: /generator/2 is a sigmoid, which ends in [0, 1]; expected "
        "a tanh, since the data are scaled to [-1, 1]");
}

TEST_CASE("configuration: the parts of the game have to agree") {
  CHECK(error_after_set({"game.order=simultaneous", "game.fakes=shared"}) == "no error");
  CHECK(
      error_after_set({"game.order=simultaneous"}) ==
      "--set game.order=simultaneous: /game/order is \"simultaneous\"; expected \"fakes\" to be \"shared\" then, since "
      "both gradients are taken from one forward pass");
  CHECK(error_after_set({"game={\"order\": \"simultaneous\", \"fakes\": \"shared\", \"discriminator_step\": "
                         "\"separate\"}"})
            .ends_with("expected \"discriminator_step\" to be \"summed\" then, since both gradients are taken before "
                       "either network is updated"));
  CHECK(
      error_after_set({"game.fakes=shared", "training.generator_batch=16"}) ==
      "--set training.generator_batch=16: /training/generator_batch is 16; expected 8 like \"batch\", since \"fakes\" "
      "is \"shared\"");
}

TEST_CASE("--set: replaces, adds, and is checked like the file") {
  const Configuration read =
      read_after_set({"training.epochs=2", "generator.0.bias=false", "latent.distribution=uniform",
                      "optimizers.discriminator={\"type\": \"sgd\", \"momentum\": 0.5}", "data.path=\"7\"",
                      "training.batch=16", "training.batch=4"});
  CHECK(read.training.epochs == 2);
  CHECK(read.training.batch == 4);
  CHECK(read.generator->parameters().size() == 1);
  CHECK(read.latent.distribution == Distribution::uniform);
  CHECK(read.resolved["optimizers"]["discriminator"]["momentum"] == 0.5);
  CHECK(std::filesystem::path(read.resolved["data"]["path"].get<std::string>()).filename() == "7");

  const Configuration by_steps = read_after_set({"training.epochs=null", "training.steps=7"});
  CHECK(by_steps.resolved["training"]["steps"] == 7);
  CHECK(!by_steps.resolved["training"].contains("epochs"));

  CHECK(error_after_set({"generator.0.featuers=64"}) ==
        "--set generator.0.featuers=64: /generator/0/featuers is not a known key; did you mean \"features\"?");
  CHECK(error_after_set({"trainning.epochs=2"}) ==
        "--set trainning.epochs=2: /trainning is not a known key; did you mean \"training\"?");
  CHECK(error_after_set({"training.batch=eight"}) ==
        "--set training.batch=eight: /training/batch is \"eight\"; expected an integer from 1 to 65536");
  CHECK(
      error_after_set({"generator=[{\"type\": \"linear\", \"features\": 0}]"}) ==
      "--set generator=[{\"type\": \"linear\", \"features\": 0}]: /generator/0/features is 0; expected an integer from "
      "1 to 1048576");
}

TEST_CASE("--set: paths that lead nowhere") {
  CHECK(error_after_set({"generator.3.slope=1"}) ==
        "--set generator.3.slope=1: /generator is a list of 3; expected a "
        "number below that, got \"3\"");
  CHECK(error_after_set({"generator.last.slope=1"}).ends_with("got \"last\""));
  CHECK(error_after_set({"generator.-1.slope=1"}).ends_with("got \"-1\""));
  CHECK(error_after_set({"training.batch.size=1"}) ==
        "--set training.batch.size=1: /training/batch is 8; expected an "
        "object or a list, since \"size\" is set in it");
  for (const char* wrong : {"training.epochs", "=2", "training.=2", ".training=2", "training..epochs=2", "a=\xff"}) {
    CAPTURE(wrong);
    CHECK(error_after_set({wrong}) ==
          "--set " + std::string(wrong) + ": expected KEY=VALUE, for example training.epochs=2");
  }
  std::string deep = "a";
  for (int i = 0; i < 100000; ++i) deep += ".a";
  CHECK(error_after_set({deep + "=1"}).ends_with(": expected KEY=VALUE, for example training.epochs=2"));
}

TEST_CASE("command line: everything on it") {
  const CommandLine line = parse({"--set", "a=[1,2]", "c.json", "--set=b=-1", "--threads", "2", "--seed", "7",
                                  "--steps", "9", "--out", "run", "--overwrite", "--check"})
                               .line;
  CHECK_FALSE(line.exit_code);
  CHECK(line.config_path == "c.json");
  CHECK(line.set == std::vector<std::string>{"a=[1,2]", "b=-1"});
  CHECK(line.threads == "2");
  CHECK(line.seed == "7");
  CHECK(line.steps == "9");
  CHECK(line.out == "run");
  CHECK(line.overwrite);
  CHECK(line.check);
  CHECK_FALSE(parse({"c.json"}).line.overwrite);
}

TEST_CASE("command line: help, version and mistakes") {
  const Parsed nothing = parse({});
  CHECK(nothing.line.exit_code == exit_wrong_configuration);
  CHECK(nothing.err == "error: no configuration; for example: mnist_dcgan config.json; mnist_dcgan --help says more\n");
  CHECK(parse({"--help"}).line.exit_code == exit_done);
  CHECK(parse({"--help"}).out.find("--overwrite") != std::string::npos);
  CHECK(parse({"--version"}).out.starts_with("tapestry "));
  const Parsed unknown = parse({"c.json", "--epochs"});
  CHECK(unknown.line.exit_code == exit_wrong_configuration);
  CHECK(unknown.err ==
        "error: The following argument was not expected: --epochs; mnist_dcgan --help says what there is\n");
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"--check"}, {"c.json", "d.json"}, {"c.json", "--seed"}, {"c.json", "--seed", "1", "--seed", "2"}})
    CHECK(parse(words).line.exit_code == exit_wrong_configuration);
}

TEST_CASE("command line: --threads, --seed and --steps are checked and resolved like the file's") {
  std::string folder = std::filesystem::temp_directory_path() / "tapestry-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()));
  const std::filesystem::path file = std::filesystem::path(folder) / "c.json";
  std::ofstream(file) << small;
  CommandLine line;
  line.config_path = file.string();
  line.threads = "2";
  line.seed = "7";
  line.steps = "9";
  const Configuration read = read_configuration(line, mnist);
  CHECK(read.training.threads == 2);
  CHECK(read.training.seed == 7);
  CHECK(read.training.steps == 9);
  CHECK_FALSE(read.training.epochs);
  CHECK(read.resolved["training"]["steps"] == 9);

  line.threads = "two";
  line.seed = "-1";
  line.steps = "0";
  line.set = {"training.batch=0"};
  CHECK(error_of([&] { read_configuration(line, mnist); }) ==
        "--steps 0: /training/steps is 0; expected an integer from 1 to 1000000000\n"
        "--set training.batch=0: /training/batch is 0; expected an integer from 1 to 65536\n"
        "--seed -1: /training/seed is -1; expected an integer from 0 to 9223372036854775807\n"
        "--threads two: /training/threads is \"two\"; expected an integer from 0 to 1024");
  std::filesystem::remove_all(folder);
}
