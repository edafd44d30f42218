// What the toy GAN is told to do: a trainer's configuration in which points take the place of pictures.
#pragma once
#include "apps/common/configuration.hpp"
#include "apps/common/toy_points.hpp"

namespace tapestry {

// "output": {"every_steps": 100, "points": 400, "size": 360}
struct ToyOutput {
  Index every_steps = 100;  // a picture of what has been learned, and a line that says it
  Index points = 400;       // real ones in a picture, and as many of the generator's
  Index size = 360;         // pixels, of a side
};

struct ToyConfiguration {
  PointCloud cloud;
  Configuration game;  // latent, networks, loss, rules, optimisers; of "training" steps, batches, seed, threads
  ToyOutput output;
};

// ConfigurationError with all that is wrong, one line each.
ToyConfiguration read_toy_configuration(const CommandLine& line);

}  // namespace tapestry
