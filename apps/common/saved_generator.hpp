// A generator that a trainer saved: the weights, and what its file says of the network and of its latents.
#pragma once
#include <memory>

#include "apps/common/latents.hpp"
#include "datasets/scale.hpp"
#include "layers/sequential.hpp"

namespace tapestry {

struct SavedGenerator {
  std::unique_ptr<Sequential> network;
  Latent latent;
  Codes codes;  // without a head
  Scale scale = Scale::minus_one_to_one;
  Shape picture;    // (C, H, W)
  int classes = 0;  // 0: it draws without being told a class

  // What it draws, in evaluation mode: (N, C, H, W). A picture depends on its own latent only.
  Tensor draw(const Batch& latents) const;
};

// Error for a file that is no generator, or whose weights are not those of the network that it describes.
SavedGenerator load_generator(const std::string& path);

}  // namespace tapestry
