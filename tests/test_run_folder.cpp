// Run folders: fresh, or overwritten on request only; and what run.json says.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "apps/common/file.hpp"
#include "apps/common/run_folder.hpp"
#include "apps/common/version.hpp"
#include "autograd/error.hpp"
#include "autograd/tensor.hpp"
#include "tests/temporary_folder.hpp"

using namespace tapestry;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const RunDescription description{.program = "mnist_dcgan",
                                 .command_line = {"apps/mnist_dcgan", "config.json", "--out", "\xff"},
                                 .steps = 400,
                                 .epochs = 4,
                                 .threads = 3,
                                 .versions = {{"eigen", "3.4.0"}}};

// Does the text look like the pattern, in which 9 stands for any digit and ? for any character?
bool looks_like(std::string_view text, std::string_view pattern) {
  return std::equal(text.begin(), text.end(), pattern.begin(), pattern.end(), [](char found, char wanted) {
    return wanted == '?' || (wanted == '9' ? std::isdigit(static_cast<unsigned char>(found)) != 0 : found == wanted);
  });
}

json run_json(const RunFolder& folder) { return json::parse(read_file(folder.run())); }

class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::string& path) : before_(fs::current_path()) { fs::current_path(path); }
  ~WorkingDirectory() { fs::current_path(before_); }

 private:
  fs::path before_;
};

}  // namespace

TEST_CASE("a run folder has its files in their places") {
  const TemporaryFolder temporary;
  const std::string out = temporary / "deep/run";
  const RunFolder folder(description, out, false);
  CHECK(folder.path() == out);
  CHECK(folder.config() == out + "/config.json");
  CHECK(folder.metrics() == out + "/metrics.csv");
  CHECK(folder.timing() == out + "/timing.csv");
  CHECK(folder.generator() == out + "/generator.safetensors");
  CHECK(folder.discriminator() == out + "/discriminator.safetensors");
  CHECK(folder.sample(3) == out + "/samples/epoch-0003.png");
  CHECK(folder.sample(12345) == out + "/samples/epoch-12345.png");
  CHECK(fs::is_directory(folder.samples()));
  CHECK(fs::is_regular_file(folder.run()));
}

TEST_CASE("run.json tells how the run stands") {
  const TemporaryFolder temporary;
  const RunFolder folder(description, temporary / "run", false);
  const char* iso_8601 = "9999-99-99T99:99:99?99:99";

  json run = run_json(folder);
  CHECK(run["program"] == "mnist_dcgan");
  CHECK(run["state"] == "running");
  CHECK(run["step"] == 0);
  CHECK(run["steps"] == 400);
  CHECK(run["epoch"] == 0);
  CHECK(run["epochs"] == 4);
  CHECK(looks_like(run["started"].get<std::string>(), iso_8601));
  CHECK(run["ended"].is_null());
  CHECK(run["command_line"] == json{"apps/mnist_dcgan", "config.json", "--out", "\xef\xbf\xbd"});
  CHECK(run["versions"]["tapestry"] == version);
  CHECK(run["versions"]["eigen"] == "3.4.0");
  CHECK(run["versions"]["compiler"].get<std::string>().find('.') != std::string::npos);
  CHECK(run["precision"] == (sizeof(Real) == 4 ? "float" : "double"));
  CHECK_FALSE(run["machine"]["processor"].get<std::string>().empty());
  CHECK(run["machine"]["cores"].is_number_unsigned());
  CHECK(run["machine"]["threads"] == 3);

  const std::string started = run["started"];
  for (const auto& [state, word] : {std::pair{RunState::interrupted, "interrupted"},
                                    {RunState::failed, "failed"},
                                    {RunState::finished, "finished"}}) {
    folder.record(state, 250, 2);
    run = run_json(folder);
    CHECK(run["state"] == word);
    CHECK(run["step"] == 250);
    CHECK(run["epoch"] == 2);
    CHECK(run["started"] == started);
    CHECK(looks_like(run["ended"].get<std::string>(), iso_8601));
  }
}

TEST_CASE("a run goes into an empty folder, but into no other") {
  const TemporaryFolder temporary;
  const std::string empty = temporary / "empty";
  fs::create_directory(empty);
  CHECK(RunFolder(description, empty, false).path() == empty);

  const std::string foreign = temporary / "foreign";
  fs::create_directory(foreign);
  write_file(foreign + "/thesis.txt", "mine");
  for (const bool overwrite : {false, true})
    CHECK_THROWS_WITH_AS(
        RunFolder(description, foreign, overwrite),
        (foreign + ": holds files that are no run's; expected a new or empty folder; choose another with --out")
            .c_str(),
        Error);
  CHECK(read_file(foreign + "/thesis.txt") == "mine");
  CHECK(fs::exists(foreign + "/samples") == false);

  const std::string file = foreign + "/thesis.txt";
  CHECK_THROWS_WITH_AS(RunFolder(description, file, true),
                       (file + ": is a file; expected a folder; choose another with --out").c_str(), Error);
}

TEST_CASE("a run replaces an older one on request only, and only its known files") {
  const TemporaryFolder temporary;
  const std::string out = temporary / "run";
  {
    const RunFolder old(description, out, false);
    old.record(RunState::finished, 400, 4);
    for (const std::string& path : {old.config(), old.metrics(), old.timing(), old.generator(), old.discriminator(),
                                    old.sample(1), old.samples() + "/best.png", out + "/notes.txt"})
      write_file(path, "old");
  }
  CHECK_THROWS_WITH_AS(
      RunFolder(description, out, false),
      (out + ": holds a run already; expected a new or empty folder; choose another with --out, or add --overwrite")
          .c_str(),
      Error);
  CHECK(read_file(out + "/metrics.csv") == "old");
  CHECK(json::parse(read_file(out + "/run.json"))["state"] == "finished");

  const RunFolder fresh(description, out, true);
  CHECK(run_json(fresh)["state"] == "running");
  for (const std::string& path :
       {fresh.config(), fresh.metrics(), fresh.timing(), fresh.generator(), fresh.discriminator(), fresh.sample(1)})
    CHECK_FALSE(fs::exists(path));
  CHECK(read_file(out + "/notes.txt") == "old");
  CHECK(read_file(fresh.samples() + "/best.png") == "old");
}

TEST_CASE("without --out, every run gets a folder of its own under runs/") {
  const TemporaryFolder temporary;
  const WorkingDirectory inside(temporary.path());
  const std::string name = "runs/mnist_dcgan-9999-99-99-999999";
  std::set<std::string> paths;
  for (int i = 0; i < 5; ++i) {
    const std::string path = RunFolder(description, "", false).path();
    CHECK((looks_like(path, name) || looks_like(path, name + "-9")));
    CHECK(fs::exists(path + "/run.json"));
    paths.insert(path);
  }
  CHECK(paths.size() == 5);
}

TEST_CASE("create_fresh_folder counts on when the name is taken") {
  const TemporaryFolder temporary;
  const std::string runs = temporary / "runs";
  CHECK(create_fresh_folder(runs, "a") == runs + "/a");
  CHECK(create_fresh_folder(runs, "a") == runs + "/a-2");
  CHECK(create_fresh_folder(runs, "a") == runs + "/a-3");
  CHECK(create_fresh_folder(runs, "b") == runs + "/b");
  write_file(runs + "/c", "a file");
  CHECK(create_fresh_folder(runs, "c") == runs + "/c-2");
}

TEST_CASE("a folder that cannot be created is an error that says why") {
  const TemporaryFolder temporary;
  write_file(temporary / "file", "x");
  const std::string inside = temporary / "file/run";
  const std::string reason =
      ": cannot be created: Not a directory; expected a folder that can be written to; choose one with --out";
  CHECK_THROWS_WITH_AS(RunFolder(description, inside, false), (inside + reason).c_str(), Error);
  CHECK_THROWS_WITH_AS(create_fresh_folder(temporary / "file", "run"), (inside + reason).c_str(), Error);
}
