// Latents: the random numbers that a generator turns into pictures.
#pragma once
#include "apps/common/codes.hpp"
#include "apps/common/options.hpp"

namespace tapestry {

// Pictures (N, C, H, W) or latents (N, size), and the class of each where the networks are conditional.
struct Batch {
  Batch(Tensor x = {}, Tensor labels = {}) : x(std::move(x)), labels(std::move(labels)) {}
  Tensor x, labels;
  Index count() const { return x.shape()[0]; }
};

// "latent": {"size": 100, "distribution": "normal"}
enum class Distribution { normal, uniform };  // N(0, 1), or U(-1, 1)
struct Latent {
  Index size = 100;
  Distribution distribution = Distribution::normal;
};
Latent read_latent(Options&& latent);

// Latents number first ... first + count - 1 of a key: plain numbers, codes if there are any, and, with classes, a
// class that is as likely as the next. Latent i is the same in any batch.
Batch draw_latents(const Latent& latent, const Codes& codes, int classes, Index count, Random random, Index first = 0);

}  // namespace tapestry
