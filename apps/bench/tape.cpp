// What the tape costs: a whole forward pass and gradient of a 2-layer perceptron, so small that the arithmetic is not
// all of it. Width 32, batch 32, tanh, mean squared error, one thread.
//
//   ./apps/bench/tape                      microseconds
//   ./apps/bench/tape --python python3     the same beside PyTorch, by apps/bench/peers/tape.py, in turn
#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>

#include "apps/common/benchmark.hpp"
#include "apps/common/command_line.hpp"
#include "autograd/anomalies.hpp"
#include "autograd/losses.hpp"
#include "autograd/machine.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"

using namespace tapestry;

namespace {

constexpr int rounds = 5, steps = 10000;

struct Perceptron {
  Random random{1};
  Tensor x = random("x").normal({32, 32}), target = random("target").normal({32, 32});
  Parameter w1{"w1", random("w1").normal({32, 32})}, b1{"b1", Tensor({32}, 0)};
  Parameter w2{"w2", random("w2").normal({32, 32})}, b2{"b2", Tensor({32}, 0)};
  Parameters parameters{&w1, &b1, &w2, &b2};

  Gradients gradients(Keep keep) {
    Tape tape(keep);
    Var hidden = tanh(linear(x, tape.variable(w1), tape.variable(b1)));
    Var loss = mean_squared_error(linear(hidden, tape.variable(w2), tape.variable(b2)), target);
    return std::move(tape).gradient(loss, parameters);
  }
};

double microseconds(Perceptron& perceptron, Keep keep) {
  std::vector<double> times;
  for (int i = 0; i < steps; ++i) {
    times.push_back(1e6 * seconds([&] { perceptron.gradients(keep); }));
  }
  return median(std::move(times));
}

struct Peer {
  std::string version;
  double grad = 0, backward = 0;  // microseconds
};
Peer run_peer(const std::string& python) {
  const std::vector<std::string> said = words_of(python + " apps/bench/peers/tape.py", 3);
  return {said[0], std::stod(said[1]), std::stod(said[2])};
}

void row(const std::string& what, double time, double ours) {
  std::cout << std::left << std::setw(38) << what << std::right << std::setw(8) << time << " us" << std::setw(8)
            << time / ours << '\n';
}

void bench(const std::string& python) {
  use_threads(1);
  Perceptron perceptron;
  std::vector<double> plain, times, everything, detecting, grad, backward;
  std::string version;
  for (int round = 0; round < rounds; ++round) {
    plain.push_back(microseconds(perceptron, Keep::what_rules_read));
    times.push_back(microseconds(perceptron, Keep::times));
    everything.push_back(microseconds(perceptron, Keep::everything));
    {
      const DetectAnomalies detect;
      detecting.push_back(microseconds(perceptron, Keep::what_rules_read));
    }
    if (python.empty()) continue;
    const Peer peer = run_peer(python);
    version = peer.version;
    grad.push_back(peer.grad);
    backward.push_back(peer.backward);
  }
  const double ours = median(plain);
  std::cout
      << "Forward and gradient of a 2-layer perceptron, width 32, batch 32, one thread: time, and how many times ours\n"
      << std::fixed << std::setprecision(1);
  row("Tapestry", ours, ours);
  row("  with times", median(times), ours);
  row("  with everything kept", median(everything), ours);
  row("  looking for anomalies", median(detecting), ours);
  if (python.empty()) return;
  row("PyTorch " + version + ", autograd.grad", median(grad), ours);
  row("PyTorch " + version + ", backward()", median(backward), ours);
}

}  // namespace

int main(int argc, char** argv) {
  std::string python;
  CLI::App app("Measures what the tape costs.", "bench/tape");
  app.add_option("--python", python, "a Python that has PyTorch, to be measured in turn");
  return run_program(app, argc, argv, [&] {
    bench(python);
    return exit_done;
  });
}
