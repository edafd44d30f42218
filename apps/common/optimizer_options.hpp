// From the description of an optimiser in a configuration to what makes one.
//
//   "generator": {"type": "adam", "learning_rate": 0.0002, "beta1": 0.5, "beta2": 0.999, "epsilon": 1e-7,
//                 "epsilon_place": "outside_correction"}
#pragma once
#include <functional>
#include <memory>

#include "apps/common/options.hpp"
#include "optim/optimizer.hpp"

namespace tapestry {

using MakeOptimizer = std::function<std::unique_ptr<Optimizer>(Parameters)>;

MakeOptimizer read_optimizer(Options&& optimizer);

}  // namespace tapestry
