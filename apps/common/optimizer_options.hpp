// From the description of an optimiser in a configuration to what makes one.
//
//   "generator": {"type": "adam", "learning_rate": 0.0002, "beta1": 0.5, "clip_norm": 5}
//   "discriminator": {"type": "rmsprop", "learning_rate": {"schedule": "cosine", "from": 0.0002, "steps": 20000}}
#pragma once
#include <functional>
#include <memory>

#include "apps/common/options.hpp"
#include "optim/optimizer.hpp"

namespace tapestry {

using MakeOptimizer = std::function<std::unique_ptr<Optimizer>(Parameters)>;

MakeOptimizer read_optimizer(Options&& optimizer);

}  // namespace tapestry
