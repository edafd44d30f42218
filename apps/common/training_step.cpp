#include "apps/common/training_step.hpp"

#include <algorithm>

namespace tapestry {

namespace {
void clip_weights(const Parameters& parameters, double limit) {
  if (limit == 0) return;
  for (Parameter* p : parameters)
    p->update([limit](Tensor w) { return clamp(std::move(w), Real(-limit), Real(limit)).value(); });
}
}  // namespace

TrainingStep::TrainingStep(Sequential& generator, Sequential& discriminator, Optimizer& generator_optimizer,
                           Optimizer& discriminator_optimizer, GanLoss loss, Game game, const Codes* codes)
    : generator_(generator),
      discriminator_(discriminator),
      generator_optimizer_(generator_optimizer),
      discriminator_optimizer_(discriminator_optimizer),
      loss_(std::move(loss)),
      game_(game),
      codes_(codes),
      last_weights_(discriminator.size()),
      end_(discriminator.size() - loss_.through_logit) {
  while (last_weights_ > 0 && discriminator[--last_weights_].parameters().empty()) continue;
}

StepResult TrainingStep::operator()(const std::vector<Round>& rounds, const Batch& latents, Random random,
                                    Index number) {
  instance_noise_ = game_.instance_noise.at(number);
  if (game_.order == Order::simultaneous) return simultaneous(rounds.front(), random);
  StepResult result;
  for (std::size_t i = 0; i < rounds.size(); ++i) learn(rounds[i], random("round")(static_cast<Index>(i)), result);
  answer(latents, random, result);
  return result;
}

// (1) The discriminator learns to say 1 to real pictures and 0 to fakes. The fakes are plain numbers: there is no way
// back into the generator.
void TrainingStep::learn(const Round& round, Random random, StepResult& result) {
  const Pass making = Pass::training(random("making fakes")).without_running_statistics();
  const Batch& z = round.latents;
  const Batch fake{generator_(making.with_labels(z.labels), z.x).value(), z.labels};
  switch (game_.discriminator_step) {
    case DiscriminatorStep::separate:
      return learn_separately(round.real, fake, random, result);
    case DiscriminatorStep::concatenated:
      return learn_from_one_batch(round.real, fake, random, result);
    case DiscriminatorStep::summed:
      return learn_from_sum(round.real, fake, random, result);
  }
}

// (2) The generator learns to make it say 1. The gradient flows through the discriminator, into the generator only.
// With codes it also learns to draw them so that a head on the discriminator finds them, and the head learns to look.
void TrainingStep::answer(const Batch& z, Random random, StepResult& result) {
  Tape tape;
  const Pass pass = Pass::training(random("answering"), tape).with_labels(z.labels);
  Var features = discriminator_.run(pass, seen(pass, generator_(pass, z.x)), 0, last_weights_);
  const Var g_loss = loss_.of_generator(discriminator_.run(pass, features, last_weights_, end_));
  result.generator_loss = g_loss.item();
  Parameters learning = generator_.parameters();
  Var total = g_loss;
  if (codes_) {
    const Index all = z.x.shape()[1];
    const Var found = (*codes_->head)(pass.inside(static_cast<Index>(discriminator_.size())), features);
    const Var code_loss = codes_->loss(found, slice(z.x, 1, all - codes_->size(), all).value());
    result.code_loss = code_loss.item();
    total = total + code_loss;
    for (Parameter* p : codes_->head->parameters()) learning.push_back(p);
  }
  features = {};
  generator_optimizer_.step(std::move(tape).gradient(total, learning));
}

StepResult TrainingStep::pretrain(const Batch& real, const Batch& noise, Random random) {
  StepResult result;
  instance_noise_ = 0;
  learn_separately(real, noise, random, result);
  return result;
}

// One update; real pictures and fakes are batches of their own, and their losses are added.
void TrainingStep::learn_from_sum(const Batch& real, const Batch& fake, Random random, StepResult& result) {
  Tape tape;
  const Judged on_real = judge(Pass::training(random("judging real"), tape).with_labels(real.labels), real.x, true);
  const Judged on_fake = judge(Pass::training(random("judging fake"), tape).with_labels(fake.labels), fake.x, false);
  const Var extra = penalty(tape, real, fake.x, random("penalty"));
  const Var d_loss = on_real.loss + on_fake.loss + extra;
  update_discriminator(std::move(tape), d_loss);
  result = {.loss_on_real = on_real.loss.item(),
            .loss_on_fake = on_fake.loss.item(),
            .discriminator_loss = d_loss.item(),
            .d_of_x = belief(on_real.verdict),
            .d_of_g_of_z = belief(on_fake.verdict),
            .penalty = extra.item()};
}

// One update on one batch of both: a batch norm sees them together, and the loss is the mean over all.
void TrainingStep::learn_from_one_batch(const Batch& real, const Batch& fake, Random random, StepResult& result) {
  const Index reals = real.count(), all = reals + fake.count();
  const Tensor labels = real.labels.empty() ? Tensor() : concat({real.labels, fake.labels}, 0).value();
  Tape tape;
  const Pass pass = Pass::training(random("judging both"), tape).with_labels(labels);
  const Var both = verdict(pass, concat({real.x, fake.x}, 0));
  const Var on_real = slice(both, 0, 0, reals), on_fake = slice(both, 0, reals, all);
  const Var loss_on_real = loss_.of_discriminator(on_real, targets(reals, true, random("judging real")));
  const Var loss_on_fake = loss_.of_discriminator(on_fake, targets(all - reals, false, random("judging fake")));
  const Var extra = penalty(tape, real, fake.x, random("penalty"));
  const Real share = static_cast<Real>(reals) / all;
  const Var d_loss = loss_on_real * share + loss_on_fake * (1 - share) + extra;
  update_discriminator(std::move(tape), d_loss);
  result = {.loss_on_real = loss_on_real.item(),
            .loss_on_fake = loss_on_fake.item(),
            .discriminator_loss = d_loss.item(),
            .d_of_x = belief(on_real),
            .d_of_g_of_z = belief(on_fake),
            .penalty = extra.item()};
}

// Two updates: the fakes meet a discriminator that has just learned from the real pictures.
void TrainingStep::learn_separately(const Batch& real, const Batch& fake, Random random, StepResult& result) {
  auto learn = [&](const Batch& pictures, bool are_real, const char* purpose) {
    Tape tape;
    const Pass pass = Pass::training(random(purpose), tape).with_labels(pictures.labels);
    const Judged judged = judge(pass, pictures.x, are_real);
    update_discriminator(std::move(tape), judged.loss);
    return judged;
  };
  const Judged on_real = learn(real, true, "judging real"), on_fake = learn(fake, false, "judging fake");
  result.loss_on_real = on_real.loss.item(), result.loss_on_fake = on_fake.loss.item();
  result.d_of_x = belief(on_real.verdict), result.d_of_g_of_z = belief(on_fake.verdict);
  result.accuracy_on_real = share_taken_for(true, on_real.verdict);
  result.accuracy_on_fake = share_taken_for(false, on_fake.verdict);
  result.discriminator_loss = result.loss_on_real + result.loss_on_fake;
}

// Both networks learn from one forward pass: both gradients are taken before either is updated.
StepResult TrainingStep::simultaneous(const Round& round, Random random) {
  const Batch &real = round.real, &z = round.latents;
  Tape tape;
  const Judged on_real = judge(Pass::training(random("judging real"), tape).with_labels(real.labels), real.x, true);
  const Var fake = generator_(Pass::training(random("making fakes"), tape).with_labels(z.labels), z.x);
  const Judged on_fake = judge(Pass::training(random("judging fake"), tape).with_labels(z.labels), fake, false);
  const Var extra = penalty(tape, real, fake.value(), random("penalty"));
  const Var d_loss = on_real.loss + on_fake.loss + extra, g_loss = loss_.of_generator(on_fake.verdict);
  const Gradients d_gradients = tape.gradient(d_loss, discriminator_.parameters());
  const Gradients g_gradients = std::move(tape).gradient(g_loss, generator_.parameters());
  discriminator_optimizer_.step(d_gradients);
  clip_weights(discriminator_.parameters(), loss_.clip);
  generator_optimizer_.step(g_gradients);
  return {.loss_on_real = on_real.loss.item(),
          .loss_on_fake = on_fake.loss.item(),
          .discriminator_loss = d_loss.item(),
          .generator_loss = g_loss.item(),
          .d_of_x = belief(on_real.verdict),
          .d_of_g_of_z = belief(on_fake.verdict),
          .penalty = extra.item()};
}

Var TrainingStep::seen(const Pass& pass, Var pictures) const {
  pictures = game_.augment(std::move(pictures), pass.random("augmentation"));
  if (instance_noise_ == 0) return pictures;
  const Tensor noise = pass.random("instance noise").normal(pictures.shape(), 0, Real(instance_noise_));
  return std::move(pictures) + noise;
}

Var TrainingStep::verdict(const Pass& pass, Var pictures) {
  return discriminator_.run(pass, seen(pass, std::move(pictures)), 0, end_);
}

TrainingStep::Judged TrainingStep::judge(const Pass& pass, Var pictures, bool real) {
  const Tensor told = targets(pictures.shape()[0], real, pass.random);
  const Var verdict = this->verdict(pass, std::move(pictures));
  return {verdict, loss_.of_discriminator(verdict, told)};
}

Tensor TrainingStep::targets(Index count, bool real, Random random) const {
  const TargetLabels& l = game_.labels;
  Tensor targets({count}, static_cast<Real>(real ? l.real : l.fake));
  if (l.noise == 0 && l.flip == 0) return targets;
  Real* const t = targets.writable();
  for (Index n = 0; n < count; ++n) {
    const double moved = t[n] + l.noise * (2 * random("label noise").uniform(n, 0) - 1);
    t[n] = static_cast<Real>(std::clamp(moved, 0.0, 1.0));
    if (random("label flip").uniform(n, 0) < l.flip) t[n] = 1 - t[n];
  }
  return targets;
}

// A function of |dD/dx| at each picture by itself; the second derivatives that its own gradient needs come from
// recording the first ones.
Var TrainingStep::penalty(Tape& tape, const Batch& real, const Tensor& fake, Random random) {
  if (loss_.penalty_at == PenaltyAt::nowhere) return Tensor({}, 0);
  Var at = real.x, labels = real.labels;
  if (loss_.penalty_at == PenaltyAt::between) {
    const Index N = std::min(real.count(), fake.shape()[0]);
    Shape one_each{N};  // (N, 1, 1, 1) for pictures
    while (one_each.rank() < at.shape().rank()) one_each.append(1);
    const Var share = random("share of real").uniform(one_each);
    at = share * slice(at, 0, 0, N) + (1 - share) * slice(fake, 0, 0, N);
    if (!labels.empty()) labels = slice(labels, 0, 0, N);
  }
  const Var x = tape.variable(at.value(), "pictures under the penalty");
  Pass pass = Pass::training(random, tape).without_running_statistics();
  if (!labels.empty()) pass = pass.with_labels(labels.value());
  const Var d = discriminator_.run(pass, x, 0, end_);
  const Var slope = tape.gradient(sum(d), {x}, {.record = true})[0];
  const Var length = norm(flatten(slope), {1});
  const Var each = loss_.penalty_at == PenaltyAt::between ? pow(length - 1, 2) : length * length * Real(0.5);
  return mean(each) * static_cast<Real>(loss_.penalty_weight);
}

double TrainingStep::belief(const Var& verdict) const { return mean(loss_.belief(verdict.value())).item(); }

double TrainingStep::accuracy(const Batch& pictures, bool real) {
  return share_taken_for(real,
                         discriminator_.run(Pass::evaluation().with_labels(pictures.labels), pictures.x, 0, end_));
}

double TrainingStep::share_taken_for(bool real, const Var& verdict) const {
  const Tensor believed = loss_.belief(verdict.value()).value();
  Index right = 0;
  for (Index n = 0; n < believed.size(); ++n) right += (believed[n] > loss_.middle) == real;
  return static_cast<double>(right) / static_cast<double>(believed.size());
}

void TrainingStep::update_discriminator(Tape&& tape, const Var& loss) {
  const Parameters parameters = discriminator_.parameters();
  discriminator_optimizer_.step(std::move(tape).gradient(loss, parameters));
  clip_weights(parameters, loss_.clip);
}

}  // namespace tapestry
