// What a tape holds. Internal: recording.cpp fills it, walking_back.cpp reads it.
#pragma once
#include <deque>
#include <map>

#include "autograd/rule.hpp"

namespace tapestry {

struct RecordedCall {  // y = op(x[0], x[1], ...)
  const char* op;
  Shape shape;           // of y
  std::vector<int> x{};  // the place of each argument; -1 for a constant
  Rules rules{{}};
  Vars everything{};  // x and y; only with Keep::everything
};

struct Recording {
  explicit Recording(Keep keep) : keep(keep) {}

  Keep keep;
  std::deque<RecordedCall> calls;           // a deque: calls stay where they are while rules record more of them
  std::map<int, std::string> names;         // of the variables, by place
  std::map<const Stored*, Var> parameters;  // recorded so far
  std::map<const Stored*, long> versions;   // as they were recorded
  std::string ended;                        // why, once it has

  void end(const char* why) {
    if (ended.empty()) ended = why;
    calls.clear();  // the Vars in there hold this recording: without this they would keep it alive for ever
    parameters.clear();
  }
  Var variable(Tensor value, std::string name, const std::shared_ptr<Recording>& self) {
    const int place = static_cast<int>(calls.size());
    names.emplace(place, std::move(name));
    calls.push_back({.op = "variable", .shape = value.shape()});
    return Var(std::move(value), self, place);
  }
  Vars differentiate(const Var& loss, const Vars& wrt, Backward how, bool consume);
  Vars backward(const Var& y, Var g, const Vars& wrt, Backward how, bool consume);
};

}  // namespace tapestry
