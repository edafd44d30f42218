#include "optim/weight_average.hpp"

#include <algorithm>

#include "autograd/ops.hpp"

namespace tapestry {

WeightAverage::WeightAverage(const Parameters& parameters, const Buffers& buffers, double decay)
    : stored_(parameters.begin(), parameters.end()), decay_(decay) {
  if (!(decay >= 0 && decay < 1)) fail("WeightAverage: got a decay of ", decay, "; expected 0 or more and less than 1");
  stored_.insert(stored_.end(), buffers.begin(), buffers.end());
  if (decay == 0) stored_.clear();
  for (const Stored* s : stored_) averages_.push_back(s->value());
}

void WeightAverage::follow() {
  const double d = std::min(decay_, (1.0 + steps_) / (10.0 + steps_));
  ++steps_;
  for (std::size_t i = 0; i < stored_.size(); ++i)
    averages_[i] = (Var(averages_[i].take()) * Real(d) + Var(stored_[i]->value()) * Real(1 - d)).value();
}

void WeightAverage::swap() {
  for (std::size_t i = 0; i < stored_.size(); ++i)
    stored_[i]->update([&](Tensor now) {
      std::swap(now, averages_[i]);
      return now;
    });
}

}  // namespace tapestry
