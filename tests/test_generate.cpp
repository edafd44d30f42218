// apps/generate: what it draws of a trained generator, and what it refuses.
#include <doctest/doctest.h>

#include "apps/common/command_line.hpp"
#include "tests/program.hpp"

using namespace tapestry;

namespace {

// A folder with the run of a few steps, run/generator.safetensors among its files.
struct Trained : TemporaryFolder {
  Trained() {
    write_file(*this / "config.json", small_configuration);
    REQUIRE(run_program("mnist_dcgan", {"config.json", "--steps", "2", "--out", "run"}, *this).code() == exit_done);
  }
  Ending generate(Words words, const std::string& network = "generator") const {
    words.insert(words.begin(), "run/" + network + ".safetensors");
    return run_program("generate", words, *this);
  }
  // The names of the files that this writes.
  std::vector<std::string> written(const Words& words) const {
    const Files before = files_below(path());
    const Ending ending = generate(words);
    INFO(ending.err);
    CHECK(ending.code() == exit_done);
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files_below(path()))
      if (!before.contains(name)) names.push_back(name);
    return names;
  }
  void check_refused(const Words& words, int code, const std::string& error,
                     const std::string& network = "generator") const {
    const Files before = files_below(path());
    const Ending ending = generate(words, network);
    CHECK(ending.code() == code);
    CHECK(ending.err == error + "\n");
    CHECK((files_below(path()) == before));
  }
  // What the parser finds, before anything is read.
  void check_wrong(const Words& words, const std::string& error) const {
    check_refused(words, exit_wrong_configuration, "error: " + error + "; generate --help says what there is");
  }
  void check_misfit(const Words& words, const std::string& error) const {
    check_refused(words, exit_wrong_configuration, error);
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("generate: each kind of output, with the options that it takes") {
  const Trained run;
  CHECK(run.written({}) == Names{"generated.png"});
  CHECK(run.written({"--rows", "1", "--columns", "2", "--scale", "1", "--colours", "viridis", "--out", "grid.png"}) ==
        Names{"grid.png"});
  CHECK(run.written({"--rows", "2", "--interpolate", "3", "--out", "ways.png"}) == Names{"ways.png"});
  CHECK(run.written({"--pngs", "some", "--count", "2", "--scale", "1", "--colours", "inverted"}) ==
        Names{"some", "some/0.png", "some/1.png"});
  CHECK(run.written({"--pngs", "cells", "--rows", "2", "--columns", "1"}) ==
        Names{"cells", "cells/0.png", "cells/1.png"});
  CHECK(run.written({"--npy", "some.npy", "--count", "2", "--seed", "9223372036854775807"}) == Names{"some.npy"});
  CHECK(run.written({"--walk", "walk.png", "--frames", "3", "--scale", "1"}) == Names{"walk.png"});
}

TEST_CASE("generate: options that would change nothing are refused, and so is a second output") {
  const Trained run;
  run.check_misfit({"--count", "12"},
                   "--count: got 12 for a grid; expected --pngs or --npy beside it; otherwise leave it out");
  run.check_misfit({"--frames", "60"},
                   "--frames: got 60 for a grid; expected --walk beside it; otherwise leave it out");
  run.check_misfit({"--frames", "9", "--pngs", "some"},
                   "--frames: got 9 for single files; expected --walk beside it; otherwise leave it out");
  run.check_misfit({"--interpolate", "4", "--npy", "some.npy"},
                   "--interpolate: got 4 for an array; expected --out beside it; otherwise leave it out");
  for (const std::string option : {"--scale", "--colours"}) {
    const std::string value = option == "--scale" ? "4" : "grey";
    run.check_misfit({option, value, "--npy", "some.npy"},
                     option + ": got " + value +
                         " for an array; expected --out, --pngs or --walk beside it; otherwise leave it out");
  }
  for (const std::string option : {"--rows", "--columns"}) {
    run.check_misfit({option, "3", "--walk", "walk.png"},
                     option + ": got 3 for a walk; expected --out, --pngs or --npy beside it; otherwise leave it out");
    run.check_misfit({option, "3", "--count", "2", "--npy", "some.npy"},
                     option + ": got 3 beside --count; expected one of them, since both say how many pictures; leave " +
                         option + " out");
  }
  run.check_misfit({"--columns", "3", "--interpolate", "4"},
                   "--columns: got 3 beside --interpolate; expected one of them, since its steps are the columns; "
                   "leave --columns out");
  const std::vector<std::pair<std::string, std::string>> outputs = {
      {"--out", "grid.png"}, {"--pngs", "some"}, {"--npy", "some.npy"}, {"--walk", "walk.png"}};
  for (std::size_t i = 0; i < outputs.size(); ++i)
    for (std::size_t k = i + 1; k < outputs.size(); ++k)
      run.check_misfit({outputs[i].first, outputs[i].second, outputs[k].first, outputs[k].second},
                       outputs[k].first + ": got " + outputs[k].second + " beside " + outputs[i].first +
                           "; expected one kind of output; leave one of them out");
  run.check_misfit({"--class", "3"},
                   "--class: got 3 for run/generator.safetensors, a generator that knows no classes; expected a "
                   "conditional one; leave --class out");
}

TEST_CASE("generate: wrong values, and files whose ending says something else") {
  const Trained run;
  run.check_wrong({"--out", "digits.npy"}, "--out: got digits.npy; expected a name that ends in .png");
  run.check_wrong({"--walk", "walk.gif"}, "--walk: got walk.gif; expected a name that ends in .png");
  run.check_wrong({"--npy", "digits.png"}, "--npy: got digits.png; expected a name that ends in .npy");
  run.check_wrong({"--pngs", ""}, "--pngs: got no name; expected that of a folder");
  run.check_wrong({"--seed", "-4"}, "--seed: got -4; expected an integer from 0 to 9223372036854775807");
  run.check_wrong({"--seed", "9223372036854775808"},
                  "--seed: got 9223372036854775808; expected an integer from 0 to 9223372036854775807");
  run.check_wrong({"--rows", "0"}, "--rows: got 0; expected an integer from 1 to 100");
  run.check_wrong({"--columns", "3.5"}, "--columns: got 3.5; expected an integer from 1 to 100");
  run.check_wrong({"--colours", "puce"}, "--colours: got puce; expected one of \"grey\", \"inverted\", \"viridis\"");
}

TEST_CASE("generate: a folder that holds something stays as it is") {
  const Trained run;
  std::filesystem::create_directory(run / "empty");
  CHECK(run.written({"--pngs", "empty", "--count", "1"}) == Names{"empty/0.png"});
  run.check_refused({"--pngs", "empty", "--count", "12"}, exit_failed,
                    "empty: holds 0.png already; expected a new or empty folder; choose another with --pngs");
  run.check_refused({"--pngs", "config.json"}, exit_failed,
                    "config.json: is a file; expected a folder; choose another with --pngs");
}

TEST_CASE("generate: the weights of a discriminator are known as such, whatever it begins with") {
  const Trained run;
  const std::string error =
      "run/discriminator.safetensors: makes no pictures of latents, so these are the weights of a discriminator, or of "
      "a code head; expected a generator's; take generator.safetensors of the run folder";
  run.check_refused({}, exit_failed, error, "discriminator");
  std::string flat = small_configuration;
  const std::size_t begin = flat.find("    {\"type\": \"conv2d\""), end = flat.find("    {\"type\": \"flatten\"}");
  write_file(run / "flat.json", flat.erase(begin, end - begin));
  REQUIRE(run_program("mnist_dcgan", {"flat.json", "--steps", "1", "--out", "run", "--overwrite"}, run).code() ==
          exit_done);
  run.check_refused({}, exit_failed, error, "discriminator");
}
