// Session: a configuration, its data, and the game that is played with them, step by step. Every picture and latent of
// a run follows from the seed and the number of the step.
#pragma once
#include "apps/common/training_step.hpp"
#include "datasets/batches.hpp"
#include "optim/weight_average.hpp"

namespace tapestry {

struct Accuracy {  // shares
  double on_real = 0, on_fake = 0;
};

class Session {
 public:
  // Both have to outlive it. DataError for a data set that does not suit the configuration: too small, other classes.
  Session(Configuration& configuration, const Dataset& dataset);
  Session(Configuration& configuration, Dataset&& dataset) = delete;

  Index epochs() const;
  Index steps() const;
  Index first_step(Index epoch) const;  // epochs are counted from 0 here
  Index epoch_of(Index step) const;
  Index steps_done() const { return done_; }
  Index epochs_begun() const { return done_ ? epoch_of(done_ - 1) + 1 : 0; }
  Index pictures_seen() const { return pictures_; }

  StepResult step();

  // The discriminator learns to tell pictures from noise, as "pretrain" says. After every step `goes_on` is asked.
  void pretrain(const std::function<bool(Index step, const StepResult& result)>& goes_on);

  // The first `count` pictures of the data.
  Tensor preview(Index count) const;
  // What the generator draws in evaluation mode, by the average of its weights, for given latents, or always the same
  // ones. Where it is conditional, each row of the grid is of one class.
  Tensor samples(Index count);
  Tensor draw(const Batch& latents);
  Batch sample_latents(Index count) const;
  // What the discriminator, in evaluation mode, believes of these.
  Tensor verdict(const Batch& pictures);
  Accuracy accuracy(Index count, Index epoch);

  // Calls `f` while the average of the generator's weights is in the generator.
  template <class F>
  void with_average(F f) {
    average_.swap();
    f();
    average_.swap();
  }

 private:
  Batch real(const std::vector<Index>& chosen, Random random) const;
  Batch latents(Index count, Random random) const;
  int classes() const;

  Configuration& c_;
  const Dataset& dataset_;
  Random random_;
  Batches batches_;
  std::unique_ptr<Optimizer> generator_optimizer_, discriminator_optimizer_;
  WeightAverage average_;
  TrainingStep play_;
  Index done_ = 0, pictures_ = 0;  // steps, and real pictures that they saw
};

}  // namespace tapestry
