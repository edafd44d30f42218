// Game: the rules by which generator and discriminator take turns.
//
//   "game": {"discriminator_step": "separate", "fakes": "fresh", "order": "alternating", "critic_steps": 1,
//            "labels": {"real": 0.9, "fake": 0, "noise": 0.05, "flip": 0.02},
//            "instance_noise": {"deviation": 0.1, "steps": 2000}, "augment": ["translation"]}
#pragma once
#include <algorithm>

#include "apps/common/augmentation.hpp"
#include "apps/common/gan_loss.hpp"
#include "apps/common/options.hpp"

namespace tapestry {

enum class DiscriminatorStep {
  separate,      // two updates: one on real pictures, one on fakes
  concatenated,  // one update on one batch of both
  summed,        // one update; the losses on both are added
};
enum class Fakes { fresh, shared };              // does the generator's step take the latents of the discriminator's?
enum class Order { alternating, simultaneous };  // does the generator meet the updated discriminator?

// What the discriminator is told of the pictures; the generator always aims at 1. Salimans et al., "Improved techniques
// for training GANs", 2016: one-sided smoothing, real 0.9.
struct TargetLabels {
  double real = 1, fake = 0;  // in [0, 1]
  double noise = 0;           // each target moves by a random number in [-noise, noise], within [0, 1]
  double flip = 0;            // the share of pictures of which it is told the contrary
};

// Normal noise on every picture that the discriminator sees, so that the two kinds overlap: Soenderby et al.,
// "Amortised MAP inference for image super-resolution", 2017.
struct InstanceNoise {
  double deviation = 0;
  Index steps = 0;  // it fades to nothing over so many; 0: it stays
  double at(Index step) const { return steps ? deviation * std::max(0.0, 1 - double(step) / steps) : deviation; }
};

struct Game {
  DiscriminatorStep discriminator_step = DiscriminatorStep::summed;
  Fakes fakes = Fakes::fresh;
  Order order = Order::alternating;
  Index critic_steps = 1;  // of the discriminator, for each of the generator
  TargetLabels labels{};
  InstanceNoise instance_noise{};
  Augmentation augment{};
};

Game read_game(Options&& game, const GanLoss& loss);

}  // namespace tapestry
