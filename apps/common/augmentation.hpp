// Augmentation: random changes that the discriminator sees of every picture, real or not, and through which the
// generator's gradient flows. With few real pictures they keep the discriminator from learning them by heart.
// Zhao et al., "Differentiable augmentation for data-efficient GAN training", 2020.
//
//   "augment": ["colour", "translation", "cutout"]
#pragma once
#include "apps/common/options.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"

namespace tapestry {

struct Augmentation {
  bool colour = false;       // brightness by -0.5 ... 0.5, saturation by 0 ... 2 and contrast by 0.5 ... 1.5
  bool translation = false;  // by up to an eighth of the picture in each direction; what comes in is 0
  bool cutout = false;       // a square of half the picture's size, somewhere, becomes 0

  // (N, C, H, W), each picture in its own way, which depends on the key and its place in the batch.
  Var operator()(Var pictures, Random random) const;
};

Augmentation read_augmentation(Options& game);

}  // namespace tapestry
