// Codes: the part of a latent that InfoGAN wants to mean something. Chen et al., "InfoGAN: interpretable representation
// learning by information maximizing generative adversarial nets", 2016.
//
//   "codes": {"categorical": 10, "continuous": 2, "weight": 1, "head": [{"type": "linear", "features": 12}]}
#pragma once
#include <memory>

#include "autograd/ops.hpp"
#include "autograd/random.hpp"
#include "layers/sequential.hpp"

namespace tapestry {

// Behind the plain numbers of a latent stand a class, one-hot, and numbers from U(-1, 1). A head on the discriminator,
// which sees what its last layer with weights sees, has to find them in the picture: generator and head learn that
// together.
struct Codes {
  Index categorical = 0, continuous = 0;
  double weight = 1;
  std::unique_ptr<Sequential> head;

  Index size() const { return categorical + continuous; }
  Tensor draw(Index count, Random random, Index first = 0) const;  // (count, size), those from number `first` on
  // Latents that show what each code does: in every row one code changes from column to column, a category to the next,
  // or a number from -2 to 2, and the rest of the latent, of which there are `variants`, does not.
  Tensor tour(const Tensor& variants, Index columns) const;  // (rows, columns, size of a latent), flat
  Index tour_rows(Index variants) const { return variants * ((categorical > 0) + continuous); }
  // weight times the sum of the cross-entropy of the class, a mean over the batch, and half the mean squared error of
  // the numbers.
  Var loss(const Var& found, const Tensor& codes) const;
};

}  // namespace tapestry
