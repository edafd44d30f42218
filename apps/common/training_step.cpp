#include "apps/common/training_step.hpp"

#include "autograd/losses.hpp"

namespace tapestry {

StepResult TrainingStep::operator()(const Tensor& real, const Tensor& z_d, const Tensor& z_g, Random random) {
  return game_.order == Order::simultaneous ? simultaneous(real, z_d, random) : alternating(real, z_d, z_g, random);
}

StepResult TrainingStep::alternating(const Tensor& real, const Tensor& z_d, const Tensor& z_g, Random random) {
  StepResult result;
  // (1) The discriminator learns to say 1 to real pictures and 0 to fakes. The fakes are plain numbers: there is no way
  // back into the generator.
  const Tensor fake = generator_(Pass::training(random("making fakes")).without_running_statistics(), z_d).value();
  switch (game_.discriminator_step) {
    case DiscriminatorStep::separate:
      learn_separately(real, fake, random, result);
      break;
    case DiscriminatorStep::concatenated:
      learn_from_one_batch(real, fake, random, result);
      break;
    case DiscriminatorStep::summed:
      learn_from_sum(real, fake, random, result);
      break;
  }

  // (2) The generator learns to make it say 1. The gradient flows through the discriminator, into the generator only.
  Tape tape;
  const Pass pass = Pass::training(random("answering"), tape);
  const Var g_loss = loss(judge(pass, generator_(pass, z_g)), true);
  generator_optimizer_.step(std::move(tape).gradient(g_loss, generator_.parameters()));
  result.generator_loss = g_loss.item();
  return result;
}

// Both networks learn from one forward pass: both gradients are taken before either is updated.
StepResult TrainingStep::simultaneous(const Tensor& real, const Tensor& z, Random random) {
  Tape tape;
  const Var on_real = judge(Pass::training(random("judging real"), tape), real);
  Var fake = generator_(Pass::training(random("making fakes"), tape), z);
  const Var on_fake = judge(Pass::training(random("judging fake"), tape), std::move(fake));
  const Var loss_on_real = loss(on_real, true), loss_on_fake = loss(on_fake, false), g_loss = loss(on_fake, true);
  const Var d_loss = loss_on_real + loss_on_fake;
  const Gradients d_gradients = tape.gradient(d_loss, discriminator_.parameters());
  const Gradients g_gradients = std::move(tape).gradient(g_loss, generator_.parameters());
  discriminator_optimizer_.step(d_gradients);
  generator_optimizer_.step(g_gradients);
  return {loss_on_real.item(), loss_on_fake.item(),  d_loss.item(),
          g_loss.item(),       probability(on_real), probability(on_fake)};
}

// Two updates: the fakes meet a discriminator that has just learned from the real pictures.
void TrainingStep::learn_separately(const Tensor& real, const Tensor& fake, Random random, StepResult& result) {
  auto learn = [&](const Tensor& pictures, bool are_real, const char* purpose, double& loss_value, double& d) {
    Tape tape;
    const Var judged = judge(Pass::training(random(purpose), tape), pictures);
    const Var d_loss = loss(judged, are_real);
    update_discriminator(std::move(tape), d_loss);
    loss_value = d_loss.item();
    d = probability(judged);
  };
  learn(real, true, "judging real", result.loss_on_real, result.d_of_x);
  learn(fake, false, "judging fake", result.loss_on_fake, result.d_of_g_of_z);
  result.discriminator_loss = result.loss_on_real + result.loss_on_fake;
}

// One update on one batch of both: a batch norm sees them together, and the loss is the mean over all.
void TrainingStep::learn_from_one_batch(const Tensor& real, const Tensor& fake, Random random, StepResult& result) {
  const Index reals = real.shape()[0], all = reals + fake.shape()[0];
  Tape tape;
  const Var judged = judge(Pass::training(random("judging both"), tape), concat({real, fake}, 0));
  const Var on_real = slice(judged, 0, 0, reals), on_fake = slice(judged, 0, reals, all);
  const Var loss_on_real = loss(on_real, true), loss_on_fake = loss(on_fake, false);
  const Real share = static_cast<Real>(reals) / all;
  const Var d_loss = loss_on_real * share + loss_on_fake * (1 - share);
  update_discriminator(std::move(tape), d_loss);
  result = {loss_on_real.item(), loss_on_fake.item(), d_loss.item(), 0, probability(on_real), probability(on_fake)};
}

// One update; real pictures and fakes are batches of their own, and their losses are added.
void TrainingStep::learn_from_sum(const Tensor& real, const Tensor& fake, Random random, StepResult& result) {
  Tape tape;
  const Var on_real = judge(Pass::training(random("judging real"), tape), real);
  const Var on_fake = judge(Pass::training(random("judging fake"), tape), fake);
  const Var loss_on_real = loss(on_real, true), loss_on_fake = loss(on_fake, false);
  const Var d_loss = loss_on_real + loss_on_fake;
  update_discriminator(std::move(tape), d_loss);
  result = {loss_on_real.item(), loss_on_fake.item(), d_loss.item(), 0, probability(on_real), probability(on_fake)};
}

Var TrainingStep::judge(const Pass& pass, Var pictures) {
  if (loss_ == Loss::bce) return discriminator_.logits(pass, std::move(pictures));
  return discriminator_(pass, std::move(pictures));
}

Var TrainingStep::loss(const Var& judged, bool real) const {
  switch (loss_) {
    case Loss::bce_on_probabilities:
      return bce_on_probabilities(judged, real);
    case Loss::softmax:
      return softmax_cross_entropy(judged, std::vector<int>(judged.shape()[0], real));
    default:
      return bce_with_logits(judged, real);
  }
}

double TrainingStep::probability(const Var& judged) const {
  const Var plain = judged.value();
  switch (loss_) {
    case Loss::bce_on_probabilities:
      return mean(plain).item();
    case Loss::softmax:
      return mean(sigmoid(slice(plain, 1, 1, 2) - slice(plain, 1, 0, 1))).item();
    default:
      return mean(sigmoid(plain)).item();
  }
}

void TrainingStep::update_discriminator(Tape&& tape, const Var& loss) {
  discriminator_optimizer_.step(std::move(tape).gradient(loss, discriminator_.parameters()));
}

namespace {

struct Work {                                   // multiply-adds of one picture
  double forward = 0, weights = 0, inputs = 0;  // inputs: gradients, but for those of the network's own input
};
Work work(const Sequential& network, Shape shape) {
  Work work;
  for (std::size_t i = 0; i < network.size(); ++i) {
    const double layer = network[i].multiply_adds(shape);
    if (work.forward > 0) work.inputs += layer;
    work.forward += layer;
    shape = network[i].output_shape(shape);
  }
  work.weights = work.forward;
  return work;
}

}  // namespace

double multiply_adds_of_step(const Sequential& generator, const Sequential& discriminator, const Shape& picture,
                             Index latent, const Training& training, const Game& game) {
  const Work g = work(generator, {1, latent}), d = work(discriminator, {1, picture[0], picture[1], picture[2]});
  const double judging = d.forward + d.weights + d.inputs, through = d.forward;  // through: back to its own input
  const double batch = static_cast<double>(training.batch), answers = static_cast<double>(training.generator_batch);
  const double making = g.forward + g.weights + g.inputs;
  if (game.order == Order::simultaneous) return batch * (2 * judging + making + through);
  return batch * (g.forward + 2 * judging) + answers * (making + d.forward + through);
}

}  // namespace tapestry
