#include "autograd/witness.hpp"

#include "autograd/statistics.hpp"

namespace tapestry {

// The calls that rules are made of are not looked at one by one: the error shall name the rule.
Witness::Witness(Recording& tape) : tape_(tape), anomalies_(std::exchange(DetectAnomalies::current, nullptr)) {
  for (RecordedCall& call : tape_.calls)
    if (call.kept) call.kept->gradient = {}, call.kept->rule_milliseconds.reset();
}
Witness::~Witness() {
  DetectAnomalies::current = anomalies_;
  tape_.last = Recording::Clock::now();
}

void Witness::reached(int call, const Tensor& g) {
  if (tape_.keep == Keep::everything) tape_.calls[call].kept->gradient = g;
  if (tape_.observer) tape_.observer->reached(call, g);
  g_ = g;
  start_ = tape_.last = Recording::Clock::now();
}

void Witness::ran(int call, const Vars& dx) {
  Kept* const kept = tape_.calls[call].kept.get();
  const std::chrono::duration<double, std::milli> time = Recording::Clock::now() - start_;
  if (kept) kept->rule_milliseconds = time.count();
  dx_.clear();
  for (const Var& v : dx) dx_.push_back(v.empty() ? Tensor() : v.value());
  if (anomalies_)
    for (std::size_t i = 0; i < dx_.size(); ++i)
      if (!dx_[i].empty() && !all_finite(dx_[i])) anomalies_->report_rule(tape_, call, static_cast<int>(i), g_, dx_[i]);
  if (tape_.observer) tape_.observer->ran(call, dx_);
}

void Witness::added(int call, int argument, const Var& dL) {
  if (anomalies_ && !all_finite(dL.value())) anomalies_->report_sum(tape_, call, argument, dx_[argument], dL.value());
  if (tape_.observer) tape_.observer->added(call, argument, dL.value());
}

}  // namespace tapestry
