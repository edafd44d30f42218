// One step of the game between generator and discriminator.
//
// Goodfellow et al., "Generative adversarial nets", 2014; as DCGAN: Radford, Metz, Chintala, 2016.
#pragma once
#include "apps/common/configuration.hpp"
#include "layers/sequential.hpp"
#include "optim/optimizer.hpp"

namespace tapestry {

// What the discriminator learns from in one update: real pictures, and latents for the fakes.
struct Round {
  Batch real, latents;
};

struct StepResult {                           // of the last round
  double loss_on_real = 0, loss_on_fake = 0;  // of the discriminator
  double discriminator_loss = 0;  // what it minimised: their sum; of a concatenated batch the mean over that batch
  double generator_loss = 0;
  double d_of_x = 0, d_of_g_of_z = 0;  // mean of what it believed of real pictures and of fakes (gan_loss.hpp)
  double penalty = 0;                  // part of discriminator_loss
  double code_loss = 0;                // besides generator_loss: how badly the codes were found
  double accuracy_on_real = 0, accuracy_on_fake = 0;  // the share that it took for what they are, as it learned
};

class TrainingStep {
 public:
  TrainingStep(Sequential& generator, Sequential& discriminator, Optimizer& generator_optimizer,
               Optimizer& discriminator_optimizer, GanLoss loss, Game game, const Codes* codes = nullptr);

  // One round for each of game.critic_steps, then the generator learns from latents of its own (those of the round
  // where it plays simultaneously). `random` is the key of this step, `number` counts steps from 0.
  StepResult operator()(const std::vector<Round>& rounds, const Batch& latents, Random random, Index number);

  // The discriminator learns by itself, an update on real pictures and one on others that are not.
  StepResult pretrain(const Batch& real, const Batch& noise, Random random);

  // The share of pictures that the discriminator, in evaluation mode, takes for what they are.
  double accuracy(const Batch& pictures, bool real);

 private:
  struct Judged {  // pictures that the discriminator has seen
    Var verdict, loss;
  };

  void learn(const Round& round, Random random, StepResult& result);
  void learn_separately(const Batch& real, const Batch& fake, Random random, StepResult& result);
  void learn_from_one_batch(const Batch& real, const Batch& fake, Random random, StepResult& result);
  void learn_from_sum(const Batch& real, const Batch& fake, Random random, StepResult& result);
  void answer(const Batch& latents, Random random, StepResult& result);
  StepResult simultaneous(const Round& round, Random random);

  Var seen(const Pass& pass, Var pictures) const;  // what the discriminator sees of them
  Var verdict(const Pass& pass, Var pictures);
  Judged judge(const Pass& pass, Var pictures, bool real);
  Tensor targets(Index count, bool real, Random random) const;
  Var penalty(Tape& tape, const Batch& real, const Tensor& fake, Random random);
  double belief(const Var& verdict) const;
  double share_taken_for(bool real, const Var& verdict) const;
  void update_discriminator(Tape&& tape, const Var& loss);

  Sequential &generator_, &discriminator_;
  Optimizer &generator_optimizer_, &discriminator_optimizer_;
  GanLoss loss_;
  Game game_;
  const Codes* codes_;              // null if there are none
  std::size_t last_weights_, end_;  // places in the discriminator: its last layer with weights; where verdicts come out
  double instance_noise_ = 0;       // deviation, in this step
};

}  // namespace tapestry
