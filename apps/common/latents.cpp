#include "apps/common/latents.hpp"

namespace tapestry {

Latent read_latent(Options&& latent) {
  const Latent defaults;
  return {latent.integer("size", defaults.size, 1, 65536),
          latent.choice<Distribution>("distribution", defaults.distribution,
                                      {{"normal", Distribution::normal}, {"uniform", Distribution::uniform}})};
}

Batch draw_latents(const Latent& latent, const Codes& codes, int classes, Index count, Random random, Index first) {
  const Shape shape{count, latent.size};
  Batch z = latent.distribution == Distribution::normal ? random.normal(shape, 0, 1, first)
                                                        : random.uniform(shape, -1, 1, first);
  if (codes.size()) z.x = concat({z.x, codes.draw(count, random("codes"), first)}, 1).value();
  if (classes) {
    z.labels = Tensor({count}, 0);
    Real* const labels = z.labels.writable();
    for (Index i = 0; i < count; ++i) labels[i] = static_cast<Real>(random("classes").below(classes, first + i));
  }
  return z;
}

}  // namespace tapestry
