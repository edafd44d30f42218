#include "apps/common/session.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "apps/common/problems.hpp"
#include "autograd/anomalies.hpp"
#include "autograd/stopwatch.hpp"

namespace tapestry {
namespace {

Parameters learning_with_generator(const Configuration& c) {
  Parameters all = c.generator->parameters();
  if (c.codes.head)
    for (Parameter* p : c.codes.head->parameters()) all.push_back(p);
  return all;
}

}  // namespace

Session::Session(Configuration& configuration, const Dataset& dataset) try
    : c_(configuration),
      dataset_(dataset),
      random_(c_.training.seed),
      batches_(dataset.count(), c_.training.batch, c_.training.batches, random_("batches")),
      generator_optimizer_(c_.generator_optimizer(learning_with_generator(c_))),
      discriminator_optimizer_(c_.discriminator_optimizer(c_.discriminator->parameters())),
      average_(c_.generator->parameters(), c_.generator->buffers(), c_.training.average),
      play_(*c_.generator, *c_.discriminator, *generator_optimizer_, *discriminator_optimizer_, c_.loss, c_.game,
            c_.codes.head ? &c_.codes : nullptr) {
  c_.generator->rename("generator");
  c_.discriminator->rename("discriminator");
  if (c_.codes.head) c_.codes.head->rename("code head");
  for (const Sequential* network : {c_.generator.get(), c_.discriminator.get()})
    for (std::size_t i = 0; i < network->size(); ++i)
      if (const int wanted = (*network)[i].classes(); wanted && wanted != dataset.classes)
        fail(dataset.name, ": has ", dataset.classes, " classes; expected ", wanted, ", for which a ",
             (*network)[i].kind(), " was made; say \"classes\": ", dataset.classes, " there");
} catch (const Error& error) {
  throw DataError(error.what());
}

int Session::classes() const { return std::max(c_.generator->classes(), c_.discriminator->classes()); }

Index Session::epochs() const { return c_.training.epochs.value_or(steps() ? epoch_of(steps() - 1) + 1 : 0); }
Index Session::steps() const { return c_.training.steps ? *c_.training.steps : first_step(*c_.training.epochs); }

Index Session::first_step(Index epoch) const {
  if (c_.training.steps_per_epoch) return epoch * *c_.training.steps_per_epoch;
  return (batches_.first_step(epoch) + c_.game.critic_steps - 1) / c_.game.critic_steps;
}
Index Session::epoch_of(Index step) const {
  if (c_.training.steps_per_epoch) return step / *c_.training.steps_per_epoch;
  return batches_.epoch_of(step * c_.game.critic_steps);
}

StepResult Session::step() {
  const Index number = done_++;
  std::optional<DetectAnomalies> detect;
  if (c_.training.detect_anomalies) detect.emplace("step " + std::to_string(number + 1));
  const Random random = random_("training")(number);
  std::vector<Round> rounds;
  for (Index i = 0; i < c_.game.critic_steps; ++i) {
    const std::vector<Index> chosen = batches_.indices(number * c_.game.critic_steps + i);
    pictures_ += static_cast<Index>(chosen.size());
    rounds.push_back({real(chosen, random(i)), latents(c_.training.batch, random("latents of the discriminator")(i))});
  }
  const Batch z_g = c_.game.fakes == Fakes::shared
                        ? rounds.front().latents
                        : latents(c_.training.generator_batch, random("latents of the generator"));
  Stopwatch::lap("data");
  const StepResult result = play_(rounds, z_g, random, number);
  average_.follow();
  return result;
}

void Session::pretrain(const std::function<bool(Index step, const StepResult& result)>& goes_on) {
  const Pretrain& p = c_.pretrain;
  std::vector<Stored*> stored;
  for (Parameter* w : c_.discriminator->parameters()) stored.push_back(w);
  for (Buffer* b : c_.discriminator->buffers()) stored.push_back(b);
  Tensors initial;
  for (const Stored* s : stored) initial.push_back(s->value());
  const auto own = c_.discriminator_optimizer(c_.discriminator->parameters());
  TrainingStep alone(*c_.generator, *c_.discriminator, *generator_optimizer_, p.keep ? *discriminator_optimizer_ : *own,
                     c_.loss, c_.game);
  for (Index i = 0; i < p.steps; ++i) {
    const Random random = random_("pretraining")(i);
    std::vector<Index> chosen;
    for (Index n = 0; n < p.batch; ++n) chosen.push_back(random("pictures").below(dataset_.count(), n));
    Batch pictures = real(chosen, random), noise = pictures;
    noise.x =
        random("noise").uniform(pictures.x.shape(), static_cast<Real>(p.noise_low), static_cast<Real>(p.noise_high));
    if (!goes_on(i + 1, alone.pretrain(pictures, noise, random))) break;
  }
  if (p.keep) return;
  for (std::size_t i = 0; i < stored.size(); ++i) stored[i]->assign(initial[i]);
}

Batch Session::real(const std::vector<Index>& chosen, Random random) const {
  const std::optional<Random> flips = c_.data.flips ? std::optional(random("flips")) : std::nullopt;
  Batch batch = gather(dataset_, chosen, c_.data.scale, flips);
  if (classes()) {
    const std::vector<int> labels = labels_of(dataset_, chosen);
    batch.labels = Tensor({batch.count()}, std::vector<Real>(labels.begin(), labels.end()));
  }
  return batch;
}

Batch Session::latents(Index count, Random random) const {
  return draw_latents(c_.latent, c_.codes, classes(), count, random);
}

Batch Session::sample_latents(Index count) const {
  Batch z = latents(count, random_("samples"));
  if (const int n = classes())
    for (Index i = 0; i < count; ++i) z.labels.writable()[i] = static_cast<Real>(i / c_.output.samples.columns % n);
  return z;
}

Tensor Session::preview(Index count) const {
  std::vector<Index> first(std::min(count, dataset_.count()));
  std::iota(first.begin(), first.end(), 0);
  return gather(dataset_, first, c_.data.scale);
}

Tensor Session::draw(const Batch& z) {
  Tensor pictures;
  with_average([&] { pictures = (*c_.generator)(Pass::evaluation().with_labels(z.labels), z.x).value(); });
  return pictures;
}
Tensor Session::samples(Index count) { return draw(sample_latents(count)); }

Tensor Session::verdict(const Batch& pictures) {
  return (*c_.discriminator)(Pass::evaluation().with_labels(pictures.labels), pictures.x).value();
}

Accuracy Session::accuracy(Index count, Index epoch) {
  const Random random = random_("accuracy")(epoch);
  std::vector<Index> chosen;
  for (Index n = 0; n < count; ++n) chosen.push_back(random("pictures").below(dataset_.count(), n));
  const Batch z = latents(count, random("latents"));
  const Batch fake{(*c_.generator)(Pass::evaluation().with_labels(z.labels), z.x).value(), z.labels};
  return {play_.accuracy(real(chosen, random), true), play_.accuracy(fake, false)};
}

}  // namespace tapestry
