// GanLoss: what generator and discriminator play for. "loss": "bce", or {"type": "wasserstein_gp", "weight": 10}.
#pragma once
#include <functional>
#include <string>

#include "apps/common/options.hpp"
#include "autograd/losses.hpp"

namespace tapestry {

// A verdict is what the discriminator says of pictures, (N, 1) or (N, 2): a probability of being real, its logit, two
// logits, or a score of any size.
enum class Head { logit, probability, score };

// Keeps the slope of the discriminator small: a term that is added to its loss.
enum class PenaltyAt {
  nowhere,
  between,  // weight mean((|dD/dx| - 1)^2) at random places between real pictures and fakes: Gulrajani et al., 2017
  real,     // weight / 2 mean(|dD/dx|^2) at real pictures: Mescheder, Geiger and Nowozin, 2018
};

struct GanLoss {
  // What the discriminator minimises. Targets (N): 1 for what it should call real, 0 for fake, between for smooth ones.
  std::function<Var(Var verdict, const Tensor& targets)> of_discriminator;
  // What the generator minimises, given the verdict on its fakes.
  std::function<Var(Var verdict)> of_generator;
  // What is reported as D(x) and D(G(z)), one number for each picture: a probability, or the score itself.
  std::function<Var(Var verdict)> belief;

  double middle = 0.5;         // pictures of which it believes more are taken for real
  Head head = Head::logit;     // what the discriminator ends in: a probability needs a sigmoid, the others have none
  bool through_logit = false;  // the verdict is what the sigmoid at the end was given
  Index outputs = 1;           // numbers in a verdict
  bool smooth_targets = true;  // may targets lie between 0 and 1?
  PenaltyAt penalty_at = PenaltyAt::nowhere;
  double penalty_weight = 0;
  double clip = 0;  // after each update the discriminator's weights are clipped to [-clip, clip]; 0: not

  bool believes_in_probabilities() const { return head != Head::score; }
};

// Reads what stands beside "type".
using ReadGanLoss = std::function<GanLoss(Options& options)>;

// Makes a loss known to configurations, from anywhere, before the first one is read:
//
//   register_loss("cauchy", [](Options& options) -> GanLoss {
//     const double width = options.real("width", 1, Range::above(0));
//     return {.of_discriminator = ..., .of_generator = ..., .belief = ...};
//   });
void register_loss(const std::string& type, ReadGanLoss read);

GanLoss read_gan_loss(Options& configuration);

}  // namespace tapestry
