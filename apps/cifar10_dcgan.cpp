// Trains a deep convolutional GAN (Radford, Metz, Chintala: "Unsupervised representation learning with deep
// convolutional generative adversarial networks", 2016) on small colour pictures: CIFAR-10, or shapes that the program
// draws itself.
//
//   ./apps/cifar10_dcgan apps/configs/cifar10_keras_quick.json
//
// It is apps/mnist_dcgan for pictures with three channels, and says and leaves the same: both networks as tables, the
// losses while they learn, and in the run folder a grid of pictures for each epoch, grey noise at first, then patches
// of colour, then things before a background. One step of the game is in common/training_step.cpp; everything else is
// said in the configuration.
#include "apps/common/trainer.hpp"

int main(int argc, char** argv) {
  return tapestry::run_trainer(
      argc, argv,
      {.name = "cifar10_dcgan",
       .description = "Trains a DCGAN on CIFAR-10 or on synthetic shapes, as a JSON configuration says.",
       .trainer = {.sources = {"cifar10", "synthetic_shapes", "cifar10_or_synthetic_shapes", "pictures"}}});
}
