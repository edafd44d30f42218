#include "apps/common/optimizer_options.hpp"

#include "optim/adam.hpp"
#include "optim/rmsprop.hpp"
#include "optim/sgd.hpp"

namespace tapestry {
namespace {

constexpr Index most = 1'000'000'000;  // steps

Schedule read_schedule(Options&& rate) {
  const std::string kind = rate.word("schedule", required, {"constant", "linear", "cosine", "steps"});
  if (kind.empty()) rate.ignore_the_rest();
  const double from = rate.real("from", required, Range::above(0));
  Schedule schedule = schedules::constant(from);
  if (kind == "linear" || kind == "cosine") {
    const double to = rate.real("to", 0, Range::from(0));
    const Index steps = rate.integer("steps", required, 1, most);
    schedule = kind == "linear" ? schedules::linear(from, to, steps) : schedules::cosine(from, to, steps);
  }
  if (kind == "steps") {
    const double factor = rate.real("factor", 0.1, Range::above(0));
    schedule = schedules::steps(from, factor, rate.integer("every", required, 1, most));
  }
  const Index warm_up = rate.integer("warm_up", 0, 0, most);
  return warm_up > 0 ? schedules::warm_up(warm_up, std::move(schedule)) : schedule;
}

// A number, or an object.
Schedule read_learning_rate(Options& optimizer, double otherwise) {
  if (optimizer.has_object("learning_rate")) return read_schedule(optimizer.object("learning_rate"));
  return schedules::constant(optimizer.real("learning_rate", otherwise, Range::above(0)));
}

double read_clip(Options& optimizer, const std::string& key) {
  optimizer.ignore(key);  // if it is not there, nothing is clipped
  return optimizer.has(key) ? optimizer.real(key, required, Range::above(0)) : Clipping::none;
}

// What all have in common is set on whatever was made.
template <class Kind, class KindOptions>
MakeOptimizer maker(const KindOptions& options, const Schedule& learning_rate, const Clipping& clipping) {
  return [=](Parameters parameters) {
    auto made = std::make_unique<Kind>(std::move(parameters), options);
    made->set_learning_rate(learning_rate);
    made->set_clipping(clipping);
    return made;
  };
}

SgdOptions read_sgd(Options& optimizer) {
  SgdOptions sgd;
  sgd.momentum = optimizer.real("momentum", sgd.momentum, Range::from_below(0, 1));
  return sgd;
}

AdamOptions read_adam(Options& optimizer, bool decays) {
  AdamOptions adam;
  adam.beta1 = optimizer.real("beta1", adam.beta1, Range::from_below(0, 1));
  adam.beta2 = optimizer.real("beta2", adam.beta2, Range::from_below(0, 1));
  adam.epsilon = optimizer.real("epsilon", adam.epsilon, Range::above(0));
  adam.epsilon_place = optimizer.choice<EpsilonPlace>(
      "epsilon_place", adam.epsilon_place,
      {{"outside_correction", EpsilonPlace::outside_correction}, {"after_correction", EpsilonPlace::after_correction}});
  if (decays) adam.weight_decay = optimizer.real("weight_decay", 0.01, Range::from(0));
  return adam;
}

RmsPropOptions read_rmsprop(Options& optimizer) {
  RmsPropOptions rmsprop;
  rmsprop.rho = optimizer.real("rho", rmsprop.rho, Range::from_below(0, 1));
  rmsprop.momentum = optimizer.real("momentum", rmsprop.momentum, Range::from_below(0, 1));
  rmsprop.epsilon = optimizer.real("epsilon", rmsprop.epsilon, Range::above(0));
  rmsprop.centered = optimizer.boolean("centered", rmsprop.centered);
  rmsprop.form = optimizer.choice<RmsPropForm>("form", rmsprop.form,
                                               {{"keras", RmsPropForm::keras}, {"pytorch", RmsPropForm::pytorch}});
  return rmsprop;
}

}  // namespace

MakeOptimizer read_optimizer(Options&& optimizer) {
  const std::string type = optimizer.word("type", "adam", {"sgd", "adam", "adamw", "rmsprop"});
  if (type.empty()) {
    optimizer.ignore_the_rest();
    return {};
  }
  const Schedule rate = read_learning_rate(optimizer, type == "sgd" ? 0.01 : 0.001);
  const Clipping clipping{.value = read_clip(optimizer, "clip_value"), .norm = read_clip(optimizer, "clip_norm")};
  if (type == "sgd") return maker<Sgd>(read_sgd(optimizer), rate, clipping);
  if (type == "rmsprop") return maker<RmsProp>(read_rmsprop(optimizer), rate, clipping);
  return maker<Adam>(read_adam(optimizer, type == "adamw"), rate, clipping);
}

}  // namespace tapestry
