#include "autograd/tape_call.hpp"

#include <set>

#include "autograd/recording.hpp"

namespace tapestry {
namespace {

using Storages = std::set<const Real*>;

std::size_t bytes(const Tensor& tensor, Storages& counted) {
  return !tensor.empty() && counted.insert(tensor.data()).second ? tensor.size() * sizeof(Real) : 0;
}
std::size_t bytes(const Vars& values, Storages& counted) {
  std::size_t sum = 0;
  for (const Var& v : values)
    if (!v.empty()) sum += bytes(v.value(), counted);
  return sum;
}

// What the tape keeps for this call and has not counted yet.
std::size_t bytes(const RecordedCall& call, Storages& counted) {
  std::size_t sum = 0;
  for (const Rule& rule : call.rules.each) sum += bytes(rule.read, counted);
  for (const JointRule& rule : call.rules.joint) {
    sum += bytes(rule.read, counted);
    for (const Tensor& saved : rule.saved) sum += bytes(saved, counted);
  }
  if (!call.kept) return sum;
  return sum + bytes(call.kept->x, counted) + bytes(call.kept->y, counted) + bytes(call.kept->gradient, counted);
}

TapeCall describe(const Recording& tape, int place, Storages& counted) {
  const RecordedCall& from = tape.calls[place];
  TapeCall call{.number = place, .op = from.op, .shape = from.shape, .bytes = bytes(from, counted)};
  const auto named = tape.names.find(place);
  if (named != tape.names.end()) call.name = named->second;
  if (from.parameter) call.name = from.parameter->name(), call.is_parameter = true;
  if (from.path >= 0) call.path = tape.paths[from.path];
  if (from.rule_of >= 0) call.rule_of = from.rule_of;
  for (const int x : from.x) call.x.push_back({x < 0 ? std::nullopt : std::optional(x), {}});
  if (!from.kept) return call;
  const Vars& x = from.kept->x;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!x[i].empty()) call.x[i].value = x[i].value();
  call.value = from.kept->y;
  call.gradient = from.kept->gradient;
  call.milliseconds = from.kept->milliseconds;
  call.rule_milliseconds = from.kept->rule_milliseconds;
  return call;
}

const Recording& living(const Recording& tape) {
  if (!tape.ended.empty()) fail("Tape: this tape ", tape.ended, "; expected a living one; look at it before it ends");
  return tape;
}

}  // namespace

TapeCall Tape::call(int place) const {
  const Recording& tape = living(*recording_);
  if (place < 0 || place >= tape.next_place())
    fail("Tape: got call ", place, "; expected 0 to ", tape.next_place() - 1, ", the calls on this tape");
  Storages counted;
  return describe(tape, place, counted);
}

std::vector<TapeCall> Tape::calls() const {
  const Recording& tape = living(*recording_);
  Storages counted;
  std::vector<TapeCall> calls;
  calls.reserve(tape.calls.size());
  for (int place = 0; place < tape.next_place(); ++place) calls.push_back(describe(tape, place, counted));
  return calls;
}

}  // namespace tapestry
