// Training steps of the recipes, to be measured; run from the project's folder.
#pragma once
#include "apps/common/session.hpp"
#include "apps/common/step_cost.hpp"
#include "autograd/memory.hpp"

namespace tapestry {

struct Recipe {
  const char *name, *file, *source;
};
constexpr Recipe recipes[] = {{"S0", "apps/configs/cifar10_keras.json", "cifar10"},
                              {"S2", "apps/configs/mnist_keras.json", "mnist"},
                              {"S3", "apps/configs/mnist_tf1.json", "mnist"},
                              {"S4", "apps/configs/mnist_tf2.json", "mnist"}};

inline Dataset random_pictures(const Shape& picture) {
  constexpr Index count = 10'000;
  Dataset pictures;
  pictures.name = "random pictures";
  pictures.picture_shape = picture;
  pictures.pixels.resize(count * picture.size());
  std::uint32_t state = 1;
  for (std::uint8_t& pixel : pictures.pixels) pixel = (state = state * 1664525 + 1013904223) >> 24;
  return pictures;
}

// A recipe that is being trained. A step is all that a trainer does: it gathers real pictures (random ones here), draws
// latents, and lets both networks learn.
struct Run {
  std::size_t before = memory::usage().live_bytes;
  Configuration c;
  Dataset pictures;
  Session session;

  explicit Run(const Recipe& recipe)
      : c(read_configuration(JsonSource::from_file(recipe.file), {{recipe.source}})),
        pictures(random_pictures(c.data.from.picture)),
        session(c, pictures) {
    constexpr int settling = 3;
    for (int i = 0; i < settling; ++i) session.step();
  }
  double flops() const {
    return 2 * multiply_adds_of_step(*c.generator, *c.discriminator, pictures.picture_shape, c.latent.size, c.training,
                                     c.game);
  }
  double bytes_needed() const {
    constexpr int moments = 2;  // all recipes have Adam
    return bytes_needed_by_step(*c.generator, *c.discriminator, pictures.picture_shape, c.latent.size, moments,
                                c.training, c.game);
  }
};

}  // namespace tapestry
