// Trains a deep convolutional GAN (Radford, Metz, Chintala: "Unsupervised representation learning with deep
// convolutional generative adversarial networks", 2016) on handwritten digits.
//
//   ./apps/mnist_dcgan config.json
//
// A generator turns random numbers into pictures, a discriminator tells them from real ones, and each learns from the
// other. What you see: both networks as tables, the losses while they learn, and in the run folder a grid of pictures
// for each epoch, grey noise at first, then strokes, then digits. One step of the game is in common/training_step.cpp;
// everything else is said in the configuration.
#include <iostream>

#include "apps/common/trainer.hpp"
#include "datasets/mnist.hpp"
#include "datasets/synthetic_digits.hpp"

using namespace tapestry;

namespace {

constexpr Index synthetic_count = 20000;

std::string places(const DataConfiguration& data) {
  std::string text;
  for (const auto& folder : data.folders) text += (text.empty() ? "" : " or ") + folder.string();
  return text;
}

Dataset load(const DataConfiguration& data, std::uint64_t seed) {
  if (data.source == "synthetic_digits") return synthetic_digits(data.count.value_or(synthetic_count), seed);
  if (const auto folder = find_mnist(data.folders)) return load_mnist(*folder, Split::training);
  const std::string how = "put train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz of MNIST into " + places(data);
  if (data.source == "mnist") fail("mnist: found no MNIST; expected it in ", places(data), "; ", how);
  std::cout << "*** No MNIST found: training on SYNTHETIC DIGITS, drawn by this program. For MNIST, " << how
            << ". ***\n\n";
  return synthetic_digits(data.count.value_or(synthetic_count), seed);
}

}  // namespace

int main(int argc, char** argv) {
  return run_trainer(
      argc, argv,
      {.name = "mnist_dcgan",
       .description = "Trains a DCGAN on MNIST or on synthetic digits, as a JSON configuration says.",
       .trainer = {.sources = {"mnist", "synthetic_digits", "mnist_or_synthetic_digits"}, .picture = {1, 28, 28}},
       .load = load});
}
