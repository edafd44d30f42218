#include "apps/common/optimizer_options.hpp"

#include "optim/adam.hpp"
#include "optim/sgd.hpp"

namespace tapestry {
namespace {

MakeOptimizer read_adam(Options& optimizer) {
  AdamOptions adam;
  adam.learning_rate = optimizer.real("learning_rate", adam.learning_rate, Range::above(0));
  adam.beta1 = optimizer.real("beta1", adam.beta1, Range::from_below(0, 1));
  adam.beta2 = optimizer.real("beta2", adam.beta2, Range::from_below(0, 1));
  adam.epsilon = optimizer.real("epsilon", adam.epsilon, Range::above(0));
  adam.epsilon_place = optimizer.choice<EpsilonPlace>(
      "epsilon_place", adam.epsilon_place,
      {{"outside_correction", EpsilonPlace::outside_correction}, {"after_correction", EpsilonPlace::after_correction}});
  return [adam](Parameters parameters) { return std::make_unique<Adam>(std::move(parameters), adam); };
}

MakeOptimizer read_sgd(Options& optimizer) {
  SgdOptions sgd;
  sgd.learning_rate = optimizer.real("learning_rate", sgd.learning_rate, Range::above(0));
  sgd.momentum = optimizer.real("momentum", sgd.momentum, Range::from_below(0, 1));
  return [sgd](Parameters parameters) { return std::make_unique<Sgd>(std::move(parameters), sgd); };
}

}  // namespace

MakeOptimizer read_optimizer(Options&& optimizer) {
  const std::string type = optimizer.word("type", "adam", {"adam", "sgd"});
  if (type == "adam") return read_adam(optimizer);
  if (type == "sgd") return read_sgd(optimizer);
  optimizer.ignore_the_rest();
  return {};
}

}  // namespace tapestry
