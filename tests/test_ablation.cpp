// apps/ablate: the table and the page of several runs, and the statistics behind them.
#include <chrono>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

#include "apps/common/ablation.hpp"
#include "tests/program.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

// Two configurations, a.json and b.json, which differ in a learning rate.
void write_two(const TemporaryFolder& folder) {
  write_file(folder / "a.json", small_configuration);
  write_file(folder / "b.json", replaced(small_configuration, "\"learning_rate\": 0.001", "\"learning_rate\": 0.01"));
}

using Table = std::vector<std::map<std::string, std::string>>;
Table read_csv(const std::string& path) {
  std::istringstream lines(read_file(path));
  std::string line, word;
  std::getline(lines, line);
  std::vector<std::string> names;
  for (std::istringstream words(line); std::getline(words, word, ',');) names.push_back(word);
  Table table;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    table.emplace_back();
    for (const std::string& name : names) table.back()[name] = std::getline(words, word, ',') ? word : "";
  }
  return table;
}

double number(const std::string& text) { return std::stod(text); }

void check_refused(const Words& words, int code, const std::string& error) {
  const TemporaryFolder folder;
  write_two(folder);
  fs::create_directory(folder / "taken");
  write_file(folder / "taken/a.json", small_configuration);
  const std::size_t files = files_below(folder.path()).size();
  const Ending ending = run_program("ablate", words, folder);
  CHECK(ending.code() == code);
  CHECK(ending.err == error);
  CHECK(files_below(folder.path()).size() == files);
}

}  // namespace

TEST_CASE("ablation: Student's t, from the tables of textbooks") {
  const auto check = [](double probability, std::size_t n, double expected) {
    CHECK(std::abs(student_t(probability, n) - expected) < 0.0006);
  };
  check(0.95, 1, 12.706);
  check(0.95, 2, 4.303);
  check(0.95, 3, 3.182);
  check(0.95, 4, 2.776);
  check(0.95, 9, 2.262);
  check(0.95, 30, 2.042);
  check(0.95, 100, 1.984);
  check(0.99, 5, 4.032);
  check(0.99, 30, 2.750);
}

TEST_CASE("ablation: means and intervals, by hand") {
  const Estimate three = estimate({1, 2, 3});
  CHECK(three.count == 3);
  CHECK(three.mean == doctest::Approx(2));
  CHECK(three.off == doctest::Approx(4.30265 / std::sqrt(3)));  // the deviation is 1
  CHECK(estimate({5}).mean == 5);
  CHECK(std::isnan(estimate({5}).off));
  CHECK(estimate({}).count == 0);
}

TEST_CASE("ablation: the table says which numbers are probabilities, and shows no interval of one run") {
  const auto row = [](const std::string& name, bool probabilities, std::vector<double> losses) {
    AblationRow row{name, probabilities, {}};
    for (const double loss : losses)
      row.runs.push_back({1, "", RunNumbers{loss, 1, 0.25, 0.75, 1000, std::nullopt}, "", ""});
    row.runs.push_back({2, "", std::nullopt, "went <wrong>", ""});
    return row;
  };
  CHECK(table_text({row("plain", true, {1, 2, 3}), row("none", true, {})}) ==
        "configuration  runs  discriminator loss  generator loss  D(x)      D(G(z))   pictures/s\n"
        "plain          3     2 ± 2.5             1 ± 0           0.25 ± 0  0.75 ± 0  1000 ± 0\n"
        "none           0     -                   -               -         -         -\n");
  CHECK(table_text({row("critic", false, {2})}) ==
        "configuration  runs  discriminator loss  generator loss  score(x)  score(G(z))  pictures/s\n"
        "critic         1     2                   1               0.25      0.75         1000\n");
  CHECK(table_text({row("a", true, {1}), row("b", false, {1})}).find("D(x) or score") != std::string::npos);
  CHECK(page_html({row("none", true, {})}).find("<td>seed 2: went &lt;wrong&gt;</td>") != std::string::npos);
}

TEST_CASE("ablation: the runs are those of the trainer, and the table is theirs, on any number of threads") {
  const TemporaryFolder folder;
  write_two(folder);
  const Words words{"a.json", "b.json", "--seeds", "4,9", "--steps", "20"};
  const auto run = [&](const std::string& out, const Words& more) {
    Words all = words;
    all.insert(all.end(), {"--out", out});
    all.insert(all.end(), more.begin(), more.end());
    const Ending ending = run_program("ablate", all, folder);
    INFO(ending.err);
    REQUIRE(ending.code() == exit_done);
    return ending;
  };
  const Ending ending = run("one", {"--threads", "1", "--measure", "echo 7; true"});
  run("three", {"--threads", "3"});
  run_program("mnist_dcgan", {"b.json", "--seed", "9", "--steps", "20", "--out", "alone"}, folder);
  CHECK(read_file(folder / "one/b-seed-9/metrics.csv") == read_file(folder / "alone/metrics.csv"));
  for (const char* name : {"a-seed-4", "a-seed-9", "b-seed-4", "b-seed-9"})
    for (const char* file : {"/metrics.csv", "/generator.safetensors", "/samples/epoch-0004.png"})
      CHECK(read_file(folder / "one/" + name + file) == read_file(folder / "three/" + name + file));

  const Table one = read_csv(folder / "one/table.csv"), three = read_csv(folder / "three/table.csv");
  REQUIRE(one.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(one[i].at("configuration") == (i == 0 ? "a" : "b"));
    CHECK(one[i].at("runs") == "2");
    for (const std::string key : {"discriminator_loss", "generator_loss", "d_of_x", "d_of_g_of_z"}) {
      std::vector<double> last_tenths;
      for (const char* seed : {"4", "9"}) {
        const Table metrics = read_csv(folder / "one/" + one[i].at("configuration") + "-seed-" + seed + "/metrics.csv");
        REQUIRE(metrics.size() == 20);
        last_tenths.push_back((number(metrics[18].at(key)) + number(metrics[19].at(key))) / 2);
      }
      CHECK(number(one[i].at(key)) == doctest::Approx((last_tenths[0] + last_tenths[1]) / 2));
      CHECK(number(one[i].at(key + "_off")) ==
            doctest::Approx(12.7062 * std::abs(last_tenths[0] - last_tenths[1]) / 2));
      CHECK(one[i].at(key) == three[i].at(key));
    }
    CHECK(one[i].at("measure") == "7");
    CHECK(one[i].at("measure_off") == "0");
    CHECK(number(one[i].at("pictures_per_second")) > 0);
    CHECK_FALSE(three[i].contains("measure"));
  }
  CHECK(one[0].at("generator_loss") != one[1].at("generator_loss"));

  const std::string page = read_file(folder / "one/page.html");
  std::size_t pictures = 0;
  for (std::size_t at = 0; (at = page.find("<img src=\"data:image/png;base64,iVBORw0KGgo", at)) != std::string::npos;
       ++at)
    ++pictures;
  CHECK(pictures == 4);
  CHECK(ending.out.find("run 4 of 4: one/b-seed-9\n") != std::string::npos);
}

TEST_CASE("ablation: a run that fails is said and left out, and the others go on") {
  const TemporaryFolder folder;
  write_two(folder);
  const std::string longest(250, 'x');  // with .json a name for a file, with -seed-1 none for a folder
  std::ofstream(folder / (longest + ".json")) << small_configuration;  // write_file needs a longer name beside it
  const Ending ending =
      run_program("ablate", {longest + ".json", "a.json", "--seeds", "1,2", "--steps", "4", "--out", "out"}, folder);
  CHECK(ending.code() == exit_failed);
  std::string expected;
  for (const char* seed : {"1", "2"}) {
    const std::string run = "out/" + longest + "-seed-" + seed;
    expected += run + ": failed: " + run +
                ": cannot be created: File name too long; expected a folder that can be written to; choose one with "
                "--out\n";
  }
  CHECK(ending.err == expected);
  const Table table = read_csv(folder / "out/table.csv");
  CHECK(table[0].at("runs") == "0");
  CHECK(table[1].at("runs") == "2");
  CHECK(read_file(folder / "out/page.html").find("<td>seed 2: out/xxx") != std::string::npos);
}

TEST_CASE("ablation: a run that fails while it trains leaves a folder that says so") {
  if (sizeof(Real) > sizeof(float)) return;  // these weights are infinite in float only
  const TemporaryFolder folder;
  write_file(folder / "bad.json",
             replaced(replaced(small_configuration, "\"learning_rate\": 0.001", "\"learning_rate\": 1e30"),
                      "\"seed\": 5", "\"seed\": 5, \"detect_anomalies\": true"));
  const Ending ending = run_program("ablate", {"bad.json", "--seeds", "1", "--steps", "4", "--out", "out"}, folder);
  CHECK(ending.code() == exit_failed);
  CHECK(ending.err.starts_with("out/bad-seed-1: failed: "));
  CHECK(Json::parse(read_file(folder / "out/bad-seed-1/run.json"))["state"] == "failed");
}

TEST_CASE("ablation: a measure that fails costs its number, not the run") {
  const TemporaryFolder folder;
  write_two(folder);
  const Ending ending = run_program(
      "ablate", {"a.json", "--seeds", "1", "--steps", "1", "--out", "out", "--measure", "echo good #"}, folder);
  CHECK(ending.code() == exit_failed);
  CHECK(ending.err ==
        "out/a-seed-1: failed: --measure: got \"good\" from echo good #; expected a number alone in the last line\n");
  const Table table = read_csv(folder / "out/table.csv");
  CHECK(table[0].at("runs") == "1");
  CHECK_FALSE(table[0].contains("measure"));
}

TEST_CASE("ablation: Ctrl-C ends it by that signal, with the table of what is done") {
  const TemporaryFolder folder;
  write_two(folder);
  Process process("ablate",
                  {"a.json", "--seeds", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "--steps", "30", "--out", "out"},
                  folder.path());
  while (!fs::exists(folder / "out/a-seed-2/metrics.csv")) {
    REQUIRE(process.running());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  process.send(SIGINT);
  const Ending ending = process.wait();
  CHECK(ending.signal() == SIGINT);
  CHECK(ending.err == "");
  const int runs = std::stoi(read_csv(folder / "out/table.csv").at(0).at("runs"));
  CHECK(runs >= 1);
  CHECK(runs < 16);
  CHECK(ending.out.find("a              " + std::to_string(runs) + " ") != std::string::npos);
  CHECK_FALSE(fs::exists(folder / "out/a-seed-16"));
}

TEST_CASE("ablation: what is refused, before anything is written") {
  check_refused({}, exit_wrong_configuration, "error: configs is required; ablate --help says what there is\n");
  check_refused(
      {"a.json", "taken/a.json", "--out", "out"}, exit_wrong_configuration,
      "taken/a.json: is the second configuration called a; expected different names, since runs are called so\n");
  check_refused({"a.json", "--seeds", "1,2,1", "--out", "out"}, exit_wrong_configuration,
                "--seeds: got a seed twice; expected different ones, since the same seed gives the same run\n");
  check_refused({"a.json", "--seeds", "1,-2", "--out", "out"}, exit_wrong_configuration,
                "error: --seeds: got -2; expected an integer from 0 to 9223372036854775807; ablate --help says what "
                "there is\n");
  check_refused({"a.json", "--out", "taken"}, exit_failed,
                "taken: is there already; expected a new or empty folder; choose another with --out, or add "
                "--overwrite\n");
  check_refused({"a.json", "b.json", "--set", "training.batch=0", "--out", "out"}, exit_wrong_configuration,
                "--set training.batch=0: /training/batch is 0; expected an integer from 1 to 65536\n"
                "--set training.batch=0: /training/batch is 0; expected an integer from 1 to 65536\n");
  check_refused(
      {"a.json", "--set", "training.batch=300", "--set", "training.last_batch=drop", "--out", "out"}, exit_wrong_data,
      "batches: got a batch size of 300 for 210 pictures; expected at most 210 without replacement; take smaller "
      "batches, or fill the rest from the next order\n");
}
