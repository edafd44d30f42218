// Recording: a call gets its place on the tape, and its rules what they read.
#include "autograd/recording.hpp"

#include <algorithm>

#include "autograd/anomalies.hpp"
#include "autograd/scope.hpp"
#include "autograd/stopwatch.hpp"

namespace tapestry {
namespace {

// Checks that what a rule reads is y or an argument, and gives y its place on the tape, which it has only now.
template <class Who>
void settle(Vars& read, const Var& y, const Vars& x, Who who) {
  for (Var& r : read) {
    if (r.empty())
      fail(who(), " reads a value that was given away; expected y or an argument; take() only what no rule reads");
    if (!r.recorded() && r.value().shares_storage_with(y.value())) {
      r = y;
      continue;
    }
    const bool is_argument = std::any_of(x.begin(), x.end(), [&](const Var& v) {
      return r.recorded() ? v.tape() == r.tape() && v.place() == r.place()
                          : !v.empty() && v.value().shares_storage_with(r.value());
    });
    if (!is_argument)
      fail(who(),
           " reads a value that is neither y nor an argument; expected one of these, since anything else would be "
           "a constant in second derivatives; make it an argument");
  }
}

std::shared_ptr<Recording> tape_of(const char* op, const Vars& x) {
  std::shared_ptr<Recording> tape;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!x[i].recorded()) continue;
    if (!x[i].tape()->ended.empty())
      fail(op, ": argument ", i, " was recorded on a tape that ", x[i].tape()->ended,
           "; expected a living tape; pass its value() to use it as a constant");
    if (tape && x[i].tape() != tape)
      fail(op, ": argument ", i,
           " was recorded on another tape than the arguments before it; expected one tape; pass "
           "the value() of one of them to use it as a constant");
    tape = x[i].tape();
  }
  return tape;
}

Var record_call(const char* op, Var y, Vars x, Rules rules) {
  const std::shared_ptr<Recording> tape = tape_of(op, x);
  if (!tape) return y;
  y = Var(y.take(), tape, tape->next_place());
  RecordedCall call{.op = op, .shape = y.shape()};
  call.x.reserve(x.size());
  for (const Var& v : x) call.x.push_back(v.place());
  if (rules.joint.empty() && rules.each.size() != x.size())
    fail(op, ": got ", rules.each.size(), " rules for ", x.size(), " arguments; expected one for each");
  for (std::size_t i = 0; i < rules.each.size(); ++i) {
    Rule& rule = rules.each[i];
    if (!x[i].recorded()) {
      rule = {};  // nobody asks for the gradient of a constant
      continue;
    }
    auto who = [&] { return std::string(op) + ": the rule of argument " + std::to_string(i); };
    if (!rule.dx) fail(op, ": argument ", i, " has no rule; expected a constant there; pass its value()");
    settle(rule.read, y, x, who);
  }
  for (JointRule& rule : rules.joint) settle(rule.read, y, x, [&] { return std::string(op) + ": the joint rule"; });
  call.rules = std::move(rules);
  tape->record(std::move(call), y, std::move(x));
  return y;
}

}  // namespace

Var apply(const char* op, Var y, Vars x, Rules rules) {
  Stopwatch::lap(op);
  if (DetectAnomalies::on()) DetectAnomalies::check_call(op, y, x);
  y = record_call(op, std::move(y), std::move(x), std::move(rules));
  Stopwatch::lap("tape");
  return y;
}

void Recording::record(RecordedCall call, const Var& y, Vars x) {
  call.path = path_now();
  call.rule_of = rule_of;
  if (keep != Keep::what_rules_read) {
    const Clock::time_point now = Clock::now();
    call.kept = std::make_unique<Kept>();
    call.kept->milliseconds = std::chrono::duration<double, std::milli>(now - last).count();
    if (keep == Keep::everything) call.kept->x = std::move(x), call.kept->y = y.value();
    last = now;
  }
  calls.push_back(std::move(call));
  if (observer) observer->called(y.place());
}

Var Recording::variable(Tensor value, const Stored* parameter, const std::shared_ptr<Recording>& self) {
  Var y(std::move(value), self, next_place());
  record({.op = "variable", .shape = y.shape(), .parameter = parameter}, y, {});
  return y;
}

// What a rule records belongs to the layer of the rule.
int Recording::path_now() {
  if (rule_of >= 0) return calls[rule_of].path;
  const Scope* now = Scope::innermost();
  if (!now) return -1;
  if (now->number() != scope) {
    scope = now->number();
    paths.push_back(now->path());
  }
  return static_cast<int>(paths.size()) - 1;
}

void Recording::end(const char* why) {
  if (ended.empty()) ended = why;
  calls.clear();  // the Vars in there hold this recording: without this they would keep it alive for ever
  sources.clear();
  values_stay.reset();
}

std::string Recording::name(int place) const {
  if (const Stored* parameter = calls[place].parameter) return "parameter '" + parameter->name() + "'";
  const auto named = names.find(place);
  return named == names.end() ? "" : "'" + named->second + "'";
}

}  // namespace tapestry
