// Anomaly detection: the first NaN or infinity is an error that says where it came from.
#pragma once
#include <string>

#include "autograd/tape.hpp"

namespace tapestry {

class ValuesStay;

// While one lives, the result of every operation of this thread is looked at, recorded or not, and on the way back the
// result of every rule. The error has the operation, its layer (scope.hpp), `when`, and statistics of the tensors that
// were there. Values are the same as without it; it takes time.
//
//   const DetectAnomalies detect("step 12");
class DetectAnomalies {
 public:
  explicit DetectAnomalies(std::string when = "");
  ~DetectAnomalies();
  DetectAnomalies(const DetectAnomalies&) = delete;
  DetectAnomalies& operator=(const DetectAnomalies&) = delete;

  static bool on() { return current; }
  static void check_call(const char* op, const Var& y, const Vars& x);  // only if on()

 private:
  friend class Witness;  // looks at whole rules, not at the calls that they are made of
  [[noreturn]] void report_rule(const Recording& tape, int call, int argument, const Tensor& g, const Tensor& dx) const;
  [[noreturn]] void report_sum(const Recording& tape, int call, int argument, const Tensor& dx, const Tensor& dL) const;

  static inline thread_local const DetectAnomalies* current = nullptr;

  std::string when_;
  std::unique_ptr<ValuesStay> values_stay_;
  const DetectAnomalies* around_;
};

}  // namespace tapestry
