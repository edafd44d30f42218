// One step of the game between generator and discriminator.
//
// Goodfellow et al., "Generative adversarial nets", 2014; as DCGAN: Radford, Metz, Chintala, 2016.
#pragma once
#include "apps/common/configuration.hpp"
#include "layers/sequential.hpp"
#include "optim/optimizer.hpp"

namespace tapestry {

struct StepResult {
  double loss_on_real = 0, loss_on_fake = 0;  // of the discriminator
  double discriminator_loss = 0;  // what it minimised: their sum; of a concatenated batch the mean over that batch
  double generator_loss = 0;
  double d_of_x = 0, d_of_g_of_z = 0;  // mean probability of being real that it gave to real pictures and to fakes
};

class TrainingStep {
 public:
  TrainingStep(Sequential& generator, Sequential& discriminator, Optimizer& generator_optimizer,
               Optimizer& discriminator_optimizer, Loss loss, Game game)
      : generator_(generator),
        discriminator_(discriminator),
        generator_optimizer_(generator_optimizer),
        discriminator_optimizer_(discriminator_optimizer),
        loss_(loss),
        game_(game) {}

  // real (N, C, H, W) and latents (M, size): z_d for the fakes that the discriminator learns from, z_g for those by
  // which the generator learns. `random` is the key of this step.
  StepResult operator()(const Tensor& real, const Tensor& z_d, const Tensor& z_g, Random random);

 private:
  StepResult alternating(const Tensor& real, const Tensor& z_d, const Tensor& z_g, Random random);
  StepResult simultaneous(const Tensor& real, const Tensor& z, Random random);
  void learn_separately(const Tensor& real, const Tensor& fake, Random random, StepResult& result);
  void learn_from_one_batch(const Tensor& real, const Tensor& fake, Random random, StepResult& result);
  void learn_from_sum(const Tensor& real, const Tensor& fake, Random random, StepResult& result);

  Var judge(const Pass& pass, Var pictures);     // what the loss is computed from
  Var loss(const Var& judged, bool real) const;  // of calling these pictures real, or fake
  double probability(const Var& judged) const;   // mean, of being real
  void update_discriminator(Tape&& tape, const Var& loss);

  Sequential &generator_, &discriminator_;
  Optimizer &generator_optimizer_, &discriminator_optimizer_;
  Loss loss_;
  Game game_;
};

// Multiplications followed by an addition that a step needs: no gradient is counted that nobody asks for.
double multiply_adds_of_step(const Sequential& generator, const Sequential& discriminator, const Shape& picture,
                             Index latent, const Training& training, const Game& game);

}  // namespace tapestry
