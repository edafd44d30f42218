// What a training step costs, told from the networks alone.
#pragma once
#include "apps/common/configuration.hpp"
#include "layers/sequential.hpp"

namespace tapestry {

// Multiplications followed by an addition that a step needs: no gradient is counted that nobody asks for, and none of a
// penalty.
double multiply_adds_of_step(const Sequential& generator, const Sequential& discriminator, const Shape& picture,
                             Index latent, const Training& training, const Game& game);

// Bytes without which no step can do at its worst moment, which is when a network has made its way forward and not yet
// begun its way back: the parameters of both networks, the optimisers' moments (so many numbers for each parameter),
// the gradients of the parameters that learn, and, once, what each linear layer, convolution and batch norm was given
// (pictures and latents among it), since their rules read it.
double bytes_needed_by_step(const Sequential& generator, const Sequential& discriminator, const Shape& picture,
                            Index latent, int moments, const Training& training, const Game& game);

}  // namespace tapestry
