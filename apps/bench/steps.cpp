// Whole training steps of the recipes: how fast, on what the time goes, on how many threads, in how much memory.
//
//   ./apps/bench/steps build/bench.json              tables on the screen, and numbers into the file (`make bench`)
//   ./apps/bench/steps --python /path/to/python      the same steps in PyTorch and TensorFlow, in turn with ours
//
// As in kernels.cpp each round measures the machine's peak, too, and medians count.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <utility>

#include "apps/bench/recipe_run.hpp"
#include "apps/common/benchmark.hpp"
#include "autograd/kernels/kept_weights.hpp"
#include "autograd/kernels/peak.hpp"
#include "autograd/machine.hpp"
#include "autograd/memory.hpp"
#include "autograd/stopwatch.hpp"

using namespace tapestry;

namespace {

constexpr int rounds = 7;

// The parts of a step, in the order of the table, by the names of what belongs to them; the rest is elementwise.
const std::vector<std::pair<const char*, std::vector<std::string>>> parts = {
    {"convolution", {"conv2d", "conv_transpose2d", "conv2d_weight_gradient"}},
    {"linear", {"linear", "matmul", "matmul abT", "matmul aTb"}},
    {"normalisation", {"batch_norm"}},
    {"elementwise", {}},
    {"dropout", {"dropout"}},
    {"optimizer", {"optimizer"}},
    {"data", {"data"}},
    {"tape", {"tape"}}};

std::map<std::string, double> shares(const std::map<std::string, double>& seconds) {
  double all = 0;
  for (const auto& [name, time] : seconds) all += time;
  std::map<std::string, double> shares;
  for (const auto& [name, time] : seconds) {
    const char* part = "elementwise";
    for (const auto& [candidate, names] : parts)
      if (std::find(names.begin(), names.end(), name) != names.end()) part = candidate;
    shares[part] += time / all;
  }
  return shares;
}

struct Speed {
  double seconds, share;  // of the peak
  double peak;            // operations a second
};

// Medians over rounds; each measures the peak and then a step.
Speed measure(Run& run) {
  std::vector<double> times, shares, peaks;
  for (int round = 0; round < rounds; ++round) {
    peaks.push_back(kernels::measure_peak());
    times.push_back(seconds([&] { run.session.step(); }));
    shares.push_back(run.flops() / times.back() / peaks.back());
  }
  return {median(times), median(shares), median(peaks)};
}

struct Measured {
  const char* name;
  double flops, needed_bytes, peak_bytes;
  Index batch;
  std::map<std::string, double> parts;        // shares of a step
  std::vector<std::pair<int, Speed>> speeds;  // by the number of threads; the last is with all there are
  const Speed& speed() const { return speeds.back().second; }
};

Measured measure(const Recipe& recipe, const std::vector<int>& threads) {
  kernels::forget_kept_weights();  // of the recipe before
  Run run(recipe);
  Measured m{.name = recipe.name,
             .flops = run.flops(),
             .needed_bytes = run.bytes_needed(),
             .peak_bytes = 0,
             .batch = run.c.training.batch,
             .parts = {},
             .speeds = {}};
  for (const int count : threads) {
    use_threads(count);
    run.session.step();
    m.speeds.emplace_back(count, measure(run));
  }
  memory::reset_peak();
  const Stopwatch watch;
  for (int round = 0; round < rounds; ++round) run.session.step();
  m.parts = shares(watch.seconds());
  m.peak_bytes = static_cast<double>(memory::usage().peak_bytes - run.before);
  return m;
}

std::ostream& heading(const char* what, const char* first = "recipe") {
  return std::cout << '\n' << what << "\n\n" << std::left << std::setw(8) << first << std::right;
}
std::ostream& row(const char* name) { return std::cout << std::left << std::setw(8) << name << std::right; }

void print(const std::vector<Measured>& all) {
  std::cout << std::fixed << std::setprecision(1);
  heading("Whole training steps") << std::setw(8) << "batch" << std::setw(10) << "GFLOP" << std::setw(13) << "ms a step"
                                  << std::setw(10) << "GFLOP/s" << std::setw(10) << "of peak" << std::setw(13)
                                  << "pictures/s" << '\n';
  for (const Measured& m : all)
    row(m.name) << std::setw(8) << m.batch << std::setw(10) << m.flops * 1e-9 << std::setw(13)
                << m.speed().seconds * 1e3 << std::setw(10) << m.flops / m.speed().seconds * 1e-9 << std::setw(10)
                << percent(m.speed().share) << std::setw(13) << m.batch / m.speed().seconds << '\n';

  heading("On what the time goes: shares of a step, in percent");
  for (const auto& [part, names] : parts) std::cout << std::setw(15) << part;
  std::cout << '\n';
  for (const Measured& m : all) {
    row(m.name);
    for (const auto& [part, names] : parts)
      std::cout << std::setw(15) << (m.parts.count(part) ? m.parts.at(part) * 100 : 0);
    std::cout << '\n';
  }

  heading("Threads: ms a step, share of the peak of so many threads, how many times as fast as one");
  for (const auto& [count, speed] : all.front().speeds) std::cout << std::setw(25) << count;
  std::cout << std::setprecision(2) << '\n';
  for (const Measured& m : all) {
    row(m.name);
    for (const auto& [count, speed] : m.speeds)
      std::cout << std::setw(11) << speed.seconds * 1e3 << std::setw(7) << percent(speed.share) << std::setw(7)
                << m.speeds.front().second.seconds / speed.seconds;
    std::cout << '\n';
  }

  heading("Memory: the most that a step holds, and what it cannot do without (step_cost.hpp), in MB")
      << std::setw(12) << "holds" << std::setw(12) << "needs" << std::setw(12) << "ratio" << '\n';
  for (const Measured& m : all)
    row(m.name) << std::setprecision(1) << std::setw(12) << m.peak_bytes * 1e-6 << std::setw(12)
                << m.needed_bytes * 1e-6 << std::setprecision(2) << std::setw(12) << m.peak_bytes / m.needed_bytes
                << '\n';
}

Json report(const std::vector<Measured>& all) {
  Json recipes;
  for (const Measured& m : all) {
    Json& r = recipes[m.name];
    r = {{"seconds_per_step", m.speed().seconds},
         {"share_of_peak", m.speed().share},
         {"pictures_per_second", m.batch / m.speed().seconds},
         {"peak_bytes", m.peak_bytes},
         {"needed_bytes", m.needed_bytes},
         {"parts", m.parts}};
    for (const auto& [count, speed] : m.speeds)
      r["threads"][std::to_string(count)] = {{"seconds_per_step", speed.seconds}, {"share_of_peak", speed.share}};
  }
  return {{"peak_gflops", all.front().speed().peak * 1e-9}, {"recipes", recipes}};
}

void bench(const std::string& file) {
  const int all = use_threads(0);
  std::vector<int> threads;
  for (int count = 1; count < all; count *= 2) threads.push_back(count);
  threads.push_back(all);
  std::vector<Measured> measured;
  for (const Recipe& recipe : recipes) measured.push_back(measure(recipe, threads));
  print(measured);
  add_to_report(file, report(measured));
  std::cout << "\nwritten: " << file << '\n';
}

// Another framework, by a script of ours that takes a recipe's name and prints the version and the seconds of a step.
struct Peer {
  const char *name, *modules, *script;
  std::string version{};
  std::vector<double> seconds{};  // of a step of the recipe whose turn it is

  void measure(const std::string& python, const char* recipe) {
    const auto said = words_of(python + " " + script + " " + recipe + " 2>/dev/null", 2);
    version = said[0];
    seconds.push_back(std::stod(said[1]));
  }
};

void bench_peers(const std::string& python) {
  constexpr int peer_rounds = 3;
  use_threads(0);
  std::vector<Peer> peers{{"PyTorch", "torch", "apps/bench/peers/steps_pytorch.py"},
                          {"TensorFlow", "tensorflow, tf_keras", "apps/bench/peers/steps_tensorflow.py"}};
  std::erase_if(peers, [&](const Peer& peer) {
    const std::string import = python + " -c 'import " + peer.modules + "'";
    const bool is_missing = std::system((import + " 2>/dev/null").c_str()) != 0;
    if (is_missing) std::cout << peer.name << " is missing: " << import << " fails\n";
    return is_missing;
  });
  if (peers.empty())
    fail("bench/steps: ", python, " has no other framework; expected torch, or tensorflow and tf_keras");
  heading("Milliseconds a step, and how many times Tapestry's time; medians of rounds in turn")
      << std::setw(12) << "Tapestry";
  for (const Peer& peer : peers) std::cout << std::setw(22) << peer.name << std::setw(8) << "";
  std::cout << std::endl;
  for (const Recipe& recipe : recipes) {
    std::vector<double> ours;
    for (int round = 0; round < peer_rounds; ++round) {
      {
        Run run(recipe);
        ours.push_back(measure(run).seconds);
      }
      for (Peer& peer : peers) peer.measure(python, recipe.name);
    }
    row(recipe.name) << std::fixed << std::setprecision(1) << std::setw(12) << median(ours) * 1e3;
    for (Peer& peer : peers)
      std::cout << std::setprecision(1) << std::setw(22) << median(peer.seconds) * 1e3 << std::setprecision(2)
                << std::setw(8) << median(std::exchange(peer.seconds, {})) / median(ours);
    std::cout << std::endl;
  }
  for (const Peer& peer : peers) std::cout << peer.name << ' ' << peer.version << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  std::string file, python;
  CLI::App app("Measures whole training steps of the recipes; run it from the project's folder.", "bench/steps");
  CLI::Option* const report = app.add_option("report", file, "the JSON file that gets the numbers");
  app.add_option("--python", python, "a Python that has PyTorch, TensorFlow and tf-keras, to be measured in turn")
      ->excludes(report);
  return run_program(app, argc, argv, [&] {
    if (file.empty() && python.empty())
      throw ConfigurationError(
          "bench/steps: got nothing to do; expected the name of a report, or --python and a Python");
    python.empty() ? bench(file) : bench_peers(python);
    return exit_done;
  });
}
