// Which part of a configuration matters? Trains several configurations, each from several seeds, and compares them.
//
//   ./apps/ablate apps/configs/ablation_relu.json apps/configs/ablation_small.json --seeds 1,2,3 --steps 500
//
// One run says little, since another seed gives other numbers: so the table shows means with 95 % intervals, and only
// what differs by more than these may be believed. What you see: each run's progress, then the table; and in the folder
// page.html, a row of grids for each configuration, table.csv, and a run folder for each run.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <limits>
#include <set>
#include <sstream>

#include "apps/common/ablation.hpp"
#include "apps/common/interrupt.hpp"
#include "apps/common/short_waits.hpp"
#include "apps/common/trainer.hpp"
#include "autograd/machine.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

const Trainer any_data{.sources = {"mnist", "synthetic_digits", "mnist_or_synthetic_digits", "cifar10",
                                   "synthetic_shapes", "cifar10_or_synthetic_shapes", "idx", "pictures"}};

struct Wishes {
  std::vector<std::string> configurations, set;
  std::vector<std::uint64_t> seeds{1, 2, 3};
  std::optional<std::string> steps, threads;
  std::string out, measure;
  bool overwrite = false;
};

void declare(CLI::App& app, Wishes& w) {
  app.add_option("configs", w.configurations, "configurations of trainers, JSON files")
      ->type_name("CONFIG")
      ->required();
  const auto list = [](CLI::Option* option) {
    option->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  list(app.add_option("--seeds", w.seeds, "each configuration is trained once from each; 1,2,3 unless told")
           ->delimiter(',')
           ->check(integer_from(0, std::numeric_limits<std::int64_t>::max()))
           ->type_name("N,N,..."));
  list(app.add_option("--set", w.set, "change one value of all configurations: training.batch=64; any number of times")
           ->type_name("KEY=VALUE"));
  app.add_option("--steps", w.steps, "end each run after N steps, whatever the configurations say")->type_name("N");
  app.add_option("--threads", w.threads, "how many threads compute; 0: as many as the machine has")->type_name("N");
  app.add_option("--measure", w.measure,
                 "a command that is given a run folder and whose last line of output is a number: one more column")
      ->type_name("COMMAND");
  app.add_option("--out", w.out, "the folder; otherwise a fresh one under runs/")->type_name("DIR");
  app.add_flag("--overwrite", w.overwrite, "replace the runs that --out holds");
  app.set_help_flag("--help,-h", "print this help and stop");
  app.footer(exit_codes);
}

CommandLine line_of(const Wishes& w, const std::string& configuration, std::uint64_t seed) {
  CommandLine line;
  line.config_path = configuration;
  line.set = w.set;
  line.threads = w.threads;
  line.seed = std::to_string(seed);
  line.steps = w.steps;
  return line;
}

// The configurations, each by the name of its file, once all of them have been read and found to fit their data.
Ablation plan(const Wishes& w) {
  if (std::set(w.seeds.begin(), w.seeds.end()).size() < w.seeds.size())
    throw ConfigurationError(
        "--seeds: got a seed twice; expected different ones, since the same seed gives the same run");
  Ablation ablation;
  std::set<std::string> names;
  std::string problems;
  for (const std::string& path : w.configurations) {
    const std::string name = fs::path(path).stem().string();
    if (!names.insert(name).second)
      throw ConfigurationError(path + ": is the second configuration called " + name +
                               "; expected different names, since runs are called so");
    try {
      const Configuration c = read_configuration(line_of(w, path, w.seeds.front()), any_data);
      ablation.push_back({.name = name, .probabilities = c.loss.believes_in_probabilities(), .runs = {}});
    } catch (const ConfigurationError& error) {
      problems += (problems.empty() ? "" : "\n") + std::string(error.what());
    }
  }
  if (!problems.empty()) throw ConfigurationError(problems);
  return ablation;
}

// Errors of data come before the first run, not hours later.
void check_data(const Wishes& w) {
  for (const std::string& path : w.configurations) {
    Configuration c = read_configuration(line_of(w, path, w.seeds.front()), any_data);
    const Dataset dataset = load_data(c);
    const Session session(c, dataset);
  }
}

void claim_folder(Wishes& w) {
  if (w.out.empty())
    w.out = create_fresh_folder("runs", "ablation");
  else if (fs::exists(w.out) && (!fs::is_directory(w.out) || (!fs::is_empty(w.out) && !w.overwrite)))
    fail(w.out, ": is there already; expected a new or empty folder; choose another with --out, or add --overwrite");
  fs::create_directories(w.out);
}

// The number in the last line of what the command says of a run folder.
double measured(const std::string& command, const std::string& folder) {
  std::string quoted;
  for (const char c : folder) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  FILE* const pipe = popen((command + " '" + quoted + "'").c_str(), "r");
  std::string output, last;
  if (pipe)
    for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  const bool good = pipe && pclose(pipe) == 0;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) last = line;
  char* end = nullptr;
  const double value = std::strtod(last.c_str(), &end);
  if (!good || last.empty() || end != last.c_str() + last.size())
    fail("--measure: got \"", last, "\" from ", command, good ? "" : ", which failed",
         "; expected a number alone in the last line");
  return value;
}

// One run in its own folder. Returns whether it came to its end; otherwise a signal has come.
bool play(const Wishes& w, const CommandLine& line, AblationRun& result) {
  Configuration c = read_configuration(line, any_data);
  c.output.lines = Lines::progress;
  const int threads = use_threads(c.training.threads);
  const Dataset dataset = load_data(c);
  Session session(c, dataset);
  const RunFolder run({.program = "ablate",
                       .command_line = {"ablate", line.config_path, "--seeds", *line.seed},
                       .steps = session.steps(),
                       .epochs = session.epochs(),
                       .threads = threads,
                       .versions = {{"eigen", eigen_version()}}},
                      result.folder, w.overwrite);
  const auto record = [&](RunState state) { run.record(state, session.steps_done(), session.epochs_begun()); };
  try {
    write_file(run.config(), c.resolved.dump(2) + "\n");
    RunOutput output(std::cout, c, session, run);
    const bool finished = train(session, output);
    record(finished ? RunState::finished : RunState::interrupted);
    if (!finished) return false;
  } catch (const std::exception&) {
    record(RunState::failed);
    throw;
  }
  const double pictures_per_step = double(session.pictures_seen()) / double(session.steps_done());
  result.grid = run.sample(session.epochs_begun());
  result.numbers = read_numbers(run.metrics(), run.timing(), pictures_per_step);
  if (!w.measure.empty()) result.numbers->measure = measured(w.measure, run.path());
  return true;
}

// Seed by seed, so that a stop leaves all configurations about equally far. Returns how many runs failed.
int play_all(const Wishes& w, Ablation& ablation) {
  int failed = 0;
  std::size_t number = 0;
  for (const std::uint64_t seed : w.seeds)
    for (std::size_t i = 0; i < ablation.size(); ++i) {
      AblationRun run{.seed = seed,
                      .folder = w.out + "/" + ablation[i].name + "-seed-" + std::to_string(seed),
                      .numbers = {},
                      .problem = "interrupted",
                      .grid = {}};
      std::cout << "run " << ++number << " of " << w.seeds.size() * ablation.size() << ": " << run.folder << std::endl;
      bool stopped = false;
      try {
        stopped = !play(w, line_of(w, w.configurations[i], seed), run);
      } catch (const std::exception& error) {
        run.problem = error.what();
        std::cerr << run.folder << ": failed: " << error.what() << '\n';
        ++failed;
      }
      ablation[i].runs.push_back(std::move(run));
      if (stopped || interrupted()) return failed;
      std::cout << '\n';
    }
  return failed;
}

int ablate(Wishes w) {
  Ablation ablation = plan(w);
  check_data(w);
  install_signal_handlers();
  claim_folder(w);
  const int failed = play_all(w, ablation);
  write_file(w.out + "/table.csv", table_csv(ablation));
  write_file(w.out + "/page.html", page_html(ablation));
  std::cout << table_text(ablation) << "\nmean ± half of the 95 % interval by Student's t; losses and D over the last "
            << "tenth of the steps\nthe table is in " << w.out << "/table.csv, the grids are in " << w.out
            << "/page.html\n";
  if (interrupted()) end_by_signal();
  return failed ? exit_failed : exit_done;
}

}  // namespace

int main(int argc, char** argv) {
  restart_with_short_waits(argv);
  Wishes wishes;
  CLI::App app("Trains several configurations from several seeds, and compares them.", "ablate");
  declare(app, wishes);
  return run_program(app, argc, argv, [&] { return ablate(wishes); });
}
