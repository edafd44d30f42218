// What a tape holds. Internal: recording.cpp fills it, walking_back.cpp reads it.
#pragma once
#include <chrono>
#include <deque>
#include <map>
#include <optional>

#include "autograd/rule.hpp"
#include "autograd/tape_call.hpp"
#include "autograd/values_stay.hpp"

namespace tapestry {

struct Kept {  // for those who look on
  std::optional<double> milliseconds, rule_milliseconds;
  Vars x;  // these three only with Keep::everything
  Tensor y;
  Tensor gradient;  // dL/dy
};

struct RecordedCall {  // y = op(x[0], x[1], ...)
  const char* op;
  Shape shape;           // of y
  std::vector<int> x{};  // the place of each argument; -1 for a constant
  Rules rules{};
  const Stored* parameter = nullptr;  // of a parameter's variable
  int path = -1;                      // its layer, by place in Recording::paths
  int rule_of = -1;                   // the call whose rule made it, in a recorded backward pass
  std::unique_ptr<Kept> kept{};       // more than what rules read

  void free() { rules = {}, kept.reset(); }
};

class Witness;

struct Recording {
  explicit Recording(Keep keep) : keep(keep) {
    if (keep == Keep::everything) values_stay.emplace();
  }

  struct Source {  // of a value that must not change before the tape is differentiated
    long version;
    Var variable;  // empty for a buffer
  };
  using Clock = std::chrono::steady_clock;

  Keep keep;
  std::optional<ValuesStay> values_stay{};
  std::deque<RecordedCall> calls;           // a deque: calls stay where they are while rules record more of them
  std::map<int, std::string> names;         // of the variables that are not parameters, by place
  std::map<const Stored*, Source> sources;  // parameters and buffers recorded so far
  std::string ended;                        // why, once it has

  std::vector<std::string> paths;         // of layers
  long scope = 0;                         // the one that the last of them is of
  int rule_of = -1;                       // the call whose rules are running
  TapeObserver* observer = nullptr;       // may be null
  Clock::time_point last = Clock::now();  // when the last call was recorded

  int next_place() const { return static_cast<int>(calls.size()); }
  void record(RecordedCall call, const Var& y, Vars x);
  Var variable(Tensor value, const Stored* parameter, const std::shared_ptr<Recording>& self);
  int path_now();
  void end(const char* why);
  std::string name(int place) const;  // 'w' or parameter '3.weight'; nothing, if it is no variable

  Vars differentiate(const Var& loss, const Vars& wrt, Backward how, bool consume);
  Vars backward(const Var& y, Var g, const Vars& wrt, Backward how, bool consume, Witness* witness);
};

}  // namespace tapestry
