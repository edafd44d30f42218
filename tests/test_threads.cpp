// Two networks trained by two threads at once: tapes, layers, random masks, optimisers, recycled memory, and kernels
// that have threads of their own. Each gives the bits that it gives alone.
#include <thread>

#include "autograd/losses.hpp"
#include "optim/adam.hpp"
#include "optim/gradients.hpp"
#include "optim/rmsprop.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

constexpr Index batch = 40;

// Large enough that kernels share their work among threads.
void fill(Sequential& layers, Random random) {
  const ConvOptions windows{.channels = 16, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2};
  layers.add<Conv2d>(Shape{batch, 1, 28, 28}, windows, random(0));
  layers.add<BatchNorm>(Shape{batch, 16, 14, 14}, BatchNormOptions{}, random(3));
  layers.add<LeakyRelu>(Real(0.2));
  layers.add<Dropout>(0.3);
  layers.add<Conv2d>(Shape{batch, 16, 14, 14}, windows, random(1));
  layers.add<Tanh>();
  layers.add<Flatten>();
  layers.add<Linear>(Shape{batch, 16 * 7 * 7}, LinearOptions{.features = 1}, random(2));
}

// Everything that a training of some steps leaves: losses, weights, running statistics.
template <class Kind, class KindOptions>
std::vector<Real> train(std::uint64_t seed, const KindOptions& options) {
  const Random random(seed);
  Sequential layers;
  fill(layers, random("weights"));
  Kind optimizer(layers.parameters(), options);
  optimizer.set_learning_rate(schedules::cosine(0.01, 0.001, 4));
  std::vector<Real> all;
  for (Index step = 0; step < 4; ++step) {
    Tape tape;
    const Tensor x = random("pictures")(step).normal({batch, 1, 28, 28});
    const Var y = layers(Pass::training(random("pass")(step), tape), x);
    const Var loss = bce_with_logits(y, Real(step % 2));
    all.push_back(loss.item());
    optimizer.step(clip_by_norm(std::move(tape).gradient(loss, layers.parameters()), 1));
  }
  const auto append = [&](const Tensor& t) { all.insert(all.end(), t.data(), t.data() + t.size()); };
  for (const Parameter* p : layers.parameters()) append(p->value());
  for (const Buffer* b : layers.buffers()) append(b->value());
  append(layers(Pass::evaluation(), random("test").normal({batch, 1, 28, 28})).value());
  return all;
}

}  // namespace

TEST_CASE("two trainings in two threads give the bits that each gives alone") {
  const auto first = [] { return train<Adam>(1, AdamOptions{.weight_decay = 0.1}); };
  const auto second = [] { return train<RmsProp>(2, RmsPropOptions{.momentum = 0.5, .centered = true}); };
  const std::vector<Real> alone_first = first(), alone_second = second();
  CHECK(alone_first != alone_second);
  for (int round = 0; round < 2; ++round) {
    std::vector<Real> together_first, together_second;
    std::thread other([&] { together_second = second(); });
    together_first = first();
    other.join();
    CHECK(together_first == alone_first);
    CHECK(together_second == alone_second);
  }
}
