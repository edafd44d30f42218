// Witness: what is done beside a walk back, for whoever asked for it: keeping gradients and times, looking for
// anomalies, telling an observer. Without it the walk finds the same gradients.
#pragma once
#include "autograd/anomalies.hpp"
#include "autograd/recording.hpp"

namespace tapestry {

class Witness {
 public:
  static bool wanted(const Recording& tape) {
    return tape.keep != Keep::what_rules_read || tape.observer || DetectAnomalies::on();
  }
  explicit Witness(Recording& tape);
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  void reached(int call, const Tensor& g);            // g = dL/dy is complete; the rules are next
  void ran(int call, const Vars& dx);                 // the rules; empty for arguments that need none
  void added(int call, int argument, const Var& dL);  // dx to what had come to this argument before

 private:
  Recording& tape_;
  const DetectAnomalies* anomalies_;  // null: nobody looks for them
  Tensor g_;
  Tensors dx_;
  Recording::Clock::time_point start_{};
};

}  // namespace tapestry
