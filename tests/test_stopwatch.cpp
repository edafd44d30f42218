// A stopwatch divides the time of a training step among those who took it.
#include <doctest/doctest.h>

#include <numeric>
#include <thread>

#include "autograd/stopwatch.hpp"
#include "optim/sgd.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

double sum(const std::map<std::string, double>& seconds) {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0,
                         [](double all, const auto& one) { return all + one.second; });
}

void train(Sequential& layers, const Tensor& x) {
  Sgd optimizer(layers.parameters(), {});
  Tape tape;
  const Var y = layers(Pass::training(Random(1), tape), x);
  optimizer.step(std::move(tape).gradient(mean(y * y), layers.parameters()));
}

}  // namespace

TEST_CASE("stopwatch: every operation, backward passes, the tape and the optimiser have their share") {
  Sequential layers;
  layers.add<Conv2d>(Shape{8, 2, 9, 9}, ConvOptions{.channels = 4, .kernel_h = 3, .kernel_w = 3}, Random(0));
  layers.add<BatchNorm>(Shape{8, 4, 7, 7}, BatchNormOptions{}, Random(1));
  layers.add<Dropout>(0.5);
  const Tensor x = Random(2).normal({8, 2, 9, 9});
  std::map<std::string, double> seconds;
  double all = 0;
  {
    const auto start = std::chrono::steady_clock::now();
    const Stopwatch watch;
    train(layers, x);
    std::thread([&] { train(layers, x); }).join();  // no lap of this stopwatch
    Stopwatch::lap("the other thread");
    seconds = watch.seconds();
    all = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  for (const char* who : {"conv2d", "conv2d_weight_gradient", "batch_norm", "dropout", "tape", "optimizer"}) {
    CAPTURE(who);
    CHECK(seconds.count(who) == 1);
    CHECK(seconds[who] > 0);
  }
  CHECK(seconds.count("conv_transpose2d") == 0);  // nobody asked for the gradient by x
  CHECK(sum(seconds) <= all);
  CHECK(sum(seconds) > 0.9 * all);
}

TEST_CASE("stopwatch: of several the innermost runs") {
  const Stopwatch outer;
  {
    const Stopwatch inner;
    Stopwatch::lap("inner");
    CHECK(inner.seconds().count("inner") == 1);
  }
  Stopwatch::lap("outer");
  CHECK(outer.seconds().count("inner") == 0);
  CHECK(outer.seconds().count("outer") == 1);
}
