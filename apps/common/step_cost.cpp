#include "apps/common/step_cost.hpp"

#include <algorithm>

namespace tapestry {
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

// Numbers that layers were given and will read again, of one sample.
double kept(const Sequential& network, Shape shape) {
  double sum = 0;
  for (std::size_t i = 0; i < network.size(); ++i) {
    const bool multiplies = network[i].multiply_adds(shape) > 0;
    if (multiplies || network[i].kind() == "batch_norm") sum += static_cast<double>(shape.size());
    shape = network[i].output_shape(shape);
  }
  return sum;
}

double numbers(const Sequential& network) {
  double sum = 0;
  for (std::size_t i = 0; i < network.size(); ++i)
    for (const Parameter* p : network[i].parameters()) sum += static_cast<double>(p->shape().size());
  return sum;
}

Shape one(const Shape& picture) { return {1, picture[0], picture[1], picture[2]}; }

}  // namespace

double multiply_adds_of_step(const Sequential& generator, const Sequential& discriminator, const Shape& picture,
                             Index latent, const Training& training, const Game& game) {
  const Work g = work(generator, {1, latent}), d = work(discriminator, one(picture));
  const double judging = d.forward + d.weights + d.inputs, through = d.forward;  // through: back to its own input
  const double batch = static_cast<double>(training.batch), answers = static_cast<double>(training.generator_batch);
  const double making = g.forward + g.weights + g.inputs;
  if (game.order == Order::simultaneous) return batch * (2 * judging + making + through);
  const double rounds = static_cast<double>(game.critic_steps);
  return rounds * batch * (g.forward + 2 * judging) + answers * (making + d.forward + through);
}

double bytes_needed_by_step(const Sequential& generator, const Sequential& discriminator, const Shape& picture,
                            Index latent, int moments, const Training& training, const Game& game) {
  const double g = kept(generator, {1, latent}), d = kept(discriminator, one(picture));
  const double of_generator = numbers(generator), of_discriminator = numbers(discriminator);
  const double batch = static_cast<double>(training.batch), answers = static_cast<double>(training.generator_batch);
  const double always = (of_generator + of_discriminator) * (1 + moments);
  if (game.order == Order::simultaneous)
    return sizeof(Real) * (always + of_generator + of_discriminator + batch * (g + 2 * d));
  const double judged = game.discriminator_step == DiscriminatorStep::separate ? batch : 2 * batch;
  const double learning = of_discriminator + judged * d, answering = of_generator + answers * (g + d);
  return sizeof(Real) * (always + std::max(learning, answering));
}

}  // namespace tapestry
