// Trains a deep convolutional GAN (Radford, Metz, Chintala: "Unsupervised representation learning with deep
// convolutional generative adversarial networks", 2016) on handwritten digits.
//
//   ./apps/mnist_dcgan config.json
//
// A generator turns random numbers into pictures, a discriminator tells them from real ones, and each learns from the
// other. What you see: both networks as tables, the losses while they learn, and in the run folder a grid of pictures
// for each epoch, grey noise at first, then strokes, then digits. One step of the game is in common/training_step.cpp;
// everything else is said in the configuration.
#include "apps/common/trainer.hpp"

int main(int argc, char** argv) {
  return tapestry::run_trainer(
      argc, argv,
      {.name = "mnist_dcgan",
       .description = "Trains a DCGAN on MNIST or on synthetic digits, as a JSON configuration says.",
       .trainer = {.sources = {"mnist", "synthetic_digits", "mnist_or_synthetic_digits", "idx", "pictures"}}});
}
