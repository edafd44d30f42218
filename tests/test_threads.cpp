// Two networks trained by two threads at once: tapes, layers, random masks, optimisers, recycled memory, and kernels
// that have threads of their own. Each gives the bits that it gives alone. So does one on any number of threads, and a
// batch in parts.
#include <thread>

#include "autograd/losses.hpp"
#include "autograd/machine.hpp"
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

TEST_CASE("a training gives the same bits on any number of threads") {
  use_threads(1);
  const std::vector<Real> alone = train<Adam>(1, AdamOptions{});
  for (const int threads : {2, 3, 4, 7, 8, 16}) {
    CAPTURE(threads);
    use_threads(threads);
    CHECK(train<Adam>(1, AdamOptions{}) == alone);
  }
  use_threads(0);
}

// Without a batch norm, whose samples see each other.
TEST_CASE("gradients of a batch are those of its halves, added, to the last bit") {
  const ConvOptions windows{.channels = 16, .kernel_h = 4, .kernel_w = 4, .stride_h = 2, .stride_w = 2};
  const Random random(1);
  Sequential layers;
  layers.add<Conv2d>(Shape{1, 3, 16, 16}, windows, random(0));
  layers.add<LeakyRelu>(Real(0.2));
  layers.add<ConvTranspose2d>(
      Shape{1, 16, 7, 7},
      ConvTransposeOptions{.channels = 16, .kernel_h = 4, .kernel_w = 4, .stride_h = 2, .stride_w = 2}, random(1));
  layers.add<Dropout>(0.3);
  layers.add<Conv2d>(Shape{1, 16, 16, 16}, windows, random(2));
  layers.add<Flatten>();
  layers.add<Linear>(Shape{1, 16 * 8 * 8}, LinearOptions{.features = 2}, random(3));
  const Tensor x = random("pictures").normal({256, 3, 16, 16});
  const auto gradients = [&](Index begin, Index end) {
    Tape tape;
    Pass pass = Pass::training(random("pass"), tape);
    pass.first_sample = begin;
    const Var y = layers(pass, slice(x, 0, begin, end));
    return std::move(tape).gradient(sum(softplus(y)), layers.parameters());
  };
  const Gradients whole = gradients(0, 256), first = gradients(0, 128), second = gradients(128, 256);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(whole[i].first->name());
    const Tensor halves = (Var(first[i].second) + Var(second[i].second)).value();
    CHECK(whole[i].second.numbers() == halves.numbers());
  }
}
