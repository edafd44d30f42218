// A trainer with a layer, a loss and a data set of its own, all known to JSON by their words.
//
//   c++ -std=c++20 -O2 own_parts.cpp $(pkg-config --cflags --libs tapestry) -o own_parts
//   ./own_parts own_parts.json
//
// What you see: two small networks that learn to draw stripes, and in the run folder a grid of them.
#include "apps/common/trainer.hpp"
#include "softsign.hpp"

using namespace tapestry;

namespace {

// {"type": "softsign", "gain": 1}
MakeLayer read_softsign(Options& options) {
  const Real gain = static_cast<Real>(options.real("gain", 1, Range::above(0)));
  return [=](const Shape&, Random) { return std::make_unique<own_parts::Softsign>(gain); };
}

// {"type": "cauchy", "width": 1}: mean(log(1 + ((score - target) / width)^2)). A verdict that is far off pulls less
// than in least squares.
GanLoss read_cauchy(Options& options) {
  const Real width = static_cast<Real>(options.real("width", 1, Range::above(0)));
  const auto distance = [=](Var score, Tensor target) { return mean(log(1 + pow((score - target) / width, 2))); };
  return {.of_discriminator = [=](Var score,
                                  const Tensor& targets) { return distance(score, targets.reshaped(score.shape())); },
          .of_generator = [=](Var score) { return distance(score, Tensor(score.shape(), 1)); },
          .belief = [](Var score) { return score; },
          .head = Head::score};
}

constexpr Index side = 12;

// Upright stripes (class 0) and level ones (class 1), four pixels from one to the next, anywhere.
Dataset stripes(Index count, std::uint64_t seed) {
  Dataset dataset;
  dataset.name = "stripes";
  dataset.picture_shape = {1, side, side};
  dataset.classes = 2;
  const Random random = Random(seed)("stripes");
  for (Index n = 0; n < count; ++n) {
    const bool level = n % 2 == 1;
    const Index shift = random.below(4, n);
    for (Index y = 0; y < side; ++y)
      for (Index x = 0; x < side; ++x) dataset.pixels.push_back(((level ? y : x) + shift) % 4 < 2 ? 255 : 0);
    dataset.labels.push_back(level);
  }
  return dataset;
}

// {"source": "stripes", "pictures": 1000}
DataSource read_stripes(Options& data) {
  const Index count = data.integer("pictures", 1000, 1, 1'000'000);
  return {.picture = {1, side, side}, .classes = 2, .load = [=](std::uint64_t seed) { return stripes(count, seed); }};
}

}  // namespace

int main(int argc, char** argv) {
  register_layer("softsign", read_softsign);
  register_loss("cauchy", read_cauchy);
  register_dataset("stripes", read_stripes);
  return run_trainer(argc, argv,
                     {.name = "own_parts",
                      .description = "Trains a GAN made of a user's own parts, as a JSON configuration says.",
                      .trainer = {.sources = {}}});
}
