// What the tests of a session share: a configuration whose networks are a layer each, and pictures that can be told
// apart by their first pixel.
#pragma once
#include "apps/common/session.hpp"
#include "tests/layer_helpers.hpp"
#include "tests/tiny_game.hpp"

namespace tapestry {

inline Configuration small_session(const std::vector<std::string>& set = {}) {
  JsonSource source("c.json", R"({
    "data": {"source": "synthetic_digits", "scale": [0, 1]},
    "latent": {"size": 3},
    "generator": [{"type": "linear", "features": 784, "weight_initializer": "zeros"},
                  {"type": "reshape", "shape": [1, 28, 28]}, {"type": "sigmoid"}],
    "discriminator": [{"type": "flatten"}, {"type": "linear", "features": 1}],
    "loss": "bce_with_logits",
    "training": {"epochs": 2, "batch": 2, "seed": 5}
  })");
  Problems problems;
  for (const std::string& assignment : set) source.set(assignment, problems);
  return read_configuration(source, {{"synthetic_digits"}}, problems);
}

// Picture i is all of brightness i, and of class i modulo the number of classes.
inline Dataset shades(Index count, int classes = 0) {
  Dataset dataset;
  dataset.name = "shades";
  dataset.picture_shape = {1, 28, 28};
  dataset.classes = classes;
  for (Index i = 0; i < count; ++i) {
    dataset.pixels.insert(dataset.pixels.end(), 784, static_cast<std::uint8_t>(i));
    if (classes) dataset.labels.push_back(static_cast<std::uint8_t>(i % classes));
  }
  return dataset;
}
inline Index shade_of(Real pixel) { return static_cast<Index>(std::lround(255 * double(pixel))); }

}  // namespace tapestry
