#include "apps/common/gan_loss.hpp"

#include "apps/common/registry.hpp"

namespace tapestry {
namespace {

Tensor column(const Tensor& targets) { return targets.reshaped({targets.size(), 1}); }

// 1 for a target of 1, -1 for one of 0.
Var sign_of(const Tensor& targets) { return Var(column(targets)) * 2 - 1; }

Tensor all_real(const Var& verdict) { return Tensor({verdict.shape()[0]}, 1); }

Var itself(Var verdict) { return verdict; }

// Goodfellow et al., "Generative adversarial nets", 2014; the generator maximises log D(G(z)), as its section 3
// advises.
GanLoss bce_with_logits_loss(Options&) {
  const auto loss = [](Var logits, const Tensor& targets) { return bce_with_logits(logits, column(targets)); };
  return {.of_discriminator = loss,
          .of_generator = [=](Var logits) { return loss(logits, all_real(logits)); },
          .belief = [](Var logits) { return sigmoid(logits); }};
}

// The same behind a sigmoid, computed from what went into it: exact where the sigmoid itself is 0 or 1.
GanLoss bce_loss(Options& options) {
  GanLoss loss = bce_with_logits_loss(options);
  loss.head = Head::probability;
  loss.through_logit = true;
  return loss;
}

GanLoss bce_on_probabilities_loss(Options&) {
  const auto loss = [](Var p, const Tensor& targets) { return bce_on_probabilities(p, column(targets)); };
  return {.of_discriminator = loss,
          .of_generator = [=](Var p) { return loss(p, all_real(p)); },
          .belief = itself,
          .head = Head::probability};
}

// Two logits, of fake and of real.
GanLoss softmax_loss(Options&) {
  const auto loss = [](Var logits, const Tensor& targets) {
    const Tensor real = column(targets), fake = (1 - Var(real)).value();
    return softmax_cross_entropy(logits, concat({fake, real}, 1).value());
  };
  return {.of_discriminator = loss,
          .of_generator = [=](Var logits) { return loss(logits, all_real(logits)); },
          .belief = [](Var logits) { return sigmoid(slice(logits, 1, 1, 2) - slice(logits, 1, 0, 1)); },
          .outputs = 2};
}

// The game as it was first written down: the generator minimises log(1 - D(G(z))), whose slope vanishes where the
// discriminator is sure.
GanLoss saturating_loss(Options& options) {
  GanLoss loss = bce_with_logits_loss(options);
  loss.of_generator = [](Var logits) { return -bce_with_logits(logits, Real(0)); };
  return loss;
}

// Mao et al., "Least squares generative adversarial networks", 2017: fake 0, real 1.
GanLoss least_squares_loss(Options&) {
  const auto loss = [](Var score, const Tensor& targets) {
    return mean_squared_error(score, column(targets)) * Real(0.5);
  };
  return {.of_discriminator = loss,
          .of_generator = [=](Var score) { return loss(score, all_real(score)); },
          .belief = itself,
          .head = Head::score};
}

// Lim and Ye, "Geometric GAN", 2017; Miyato et al., "Spectral normalization for generative adversarial networks", 2018.
GanLoss hinge_loss(Options&) {
  return {.of_discriminator = [](Var score, const Tensor& t) { return mean(relu(1 - score * sign_of(t))); },
          .of_generator = [](Var score) { return -mean(score); },
          .belief = itself,
          .middle = 0,
          .head = Head::score,
          .smooth_targets = false};
}

// Arjovsky, Chintala and Bottou, "Wasserstein generative adversarial networks", 2017.
GanLoss critic_loss() {
  return {.of_discriminator = [](Var score, const Tensor& t) { return -mean(score * sign_of(t)); },
          .of_generator = [](Var score) { return -mean(score); },
          .belief = itself,
          .middle = 0,
          .head = Head::score,
          .smooth_targets = false};
}
GanLoss wasserstein_loss(Options& options) {
  GanLoss loss = critic_loss();
  loss.clip = options.real("clip", 0.01, Range::above(0));
  return loss;
}

// Gulrajani et al., "Improved training of Wasserstein GANs", 2017.
GanLoss wasserstein_gp_loss(Options& options) {
  GanLoss loss = critic_loss();
  loss.penalty_at = PenaltyAt::between;
  loss.penalty_weight = options.real("weight", 10, Range::above(0));
  return loss;
}

// Mescheder, Geiger and Nowozin, "Which training methods for GANs do actually converge?", 2018.
GanLoss r1_loss(Options& options) {
  GanLoss loss = bce_with_logits_loss(options);
  loss.penalty_at = PenaltyAt::real;
  loss.penalty_weight = options.real("weight", 10, Range::above(0));
  return loss;
}

Registry<ReadGanLoss>& losses() {
  static Registry<ReadGanLoss> losses({{"bce", bce_loss},
                                       {"bce_with_logits", bce_with_logits_loss},
                                       {"bce_on_probabilities", bce_on_probabilities_loss},
                                       {"softmax", softmax_loss},
                                       {"saturating", saturating_loss},
                                       {"least_squares", least_squares_loss},
                                       {"hinge", hinge_loss},
                                       {"wasserstein", wasserstein_loss},
                                       {"wasserstein_gp", wasserstein_gp_loss},
                                       {"r1", r1_loss}});
  return losses;
}

}  // namespace

void register_loss(const std::string& type, ReadGanLoss read) { losses().add("register_loss", type, std::move(read)); }

GanLoss read_gan_loss(Options& configuration) {
  GanLoss loss;
  configuration.typed("loss", losses().names(),
                      [&](const std::string& type, Options& options) { loss = (*losses().find(type))(options); });
  return loss;
}

}  // namespace tapestry
