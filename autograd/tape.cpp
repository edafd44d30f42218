#include "autograd/tape.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "autograd/ops.hpp"
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

const Tensor& Var::value() const {
  if (empty())
    fail("Var: got one without a value; expected one that was neither moved from nor left empty; use a copy");
  return value_;
}
Tensor Var::take() { return tape_ && tape_->keep == Keep::everything ? value() : (value(), value_.take()); }

// Recording -----------------------------------------------------------------------------------------------------------

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

}  // namespace

Var apply(const char* op, Var y, Vars x, Rules rules) {
  const std::shared_ptr<Recording> tape = tape_of(op, x);
  if (!tape) return y;
  y = Var(y.take(), tape, static_cast<int>(tape->calls.size()));
  RecordedCall call{.op = op, .shape = y.shape()};
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
  if (tape->keep == Keep::everything) {
    call.everything = std::move(x);
    call.everything.push_back(y);
  }
  tape->calls.push_back(std::move(call));
  return y;
}

// Walking back --------------------------------------------------------------------------------------------------------

namespace {

// What a rule is handed. A backward pass is recorded if these are Vars of the tape, and not if they are constants.
Vars handed(Vars& read, Backward how, bool consume) {
  if (how.record) return read;
  Vars constants;
  constants.reserve(read.size());
  for (Var& r : read) constants.emplace_back(consume ? r.take() : r.value());
  return constants;
}

// dL/dx of each argument for which needed(i); the others stay empty.
template <class Needed>
Vars gradients_of_arguments(RecordedCall& call, Var g, Needed needed, Backward how, bool consume) {
  for (JointRule& rule : call.rules.joint) {
    Vars read = handed(rule.read, how, consume);
    if (how.record || !rule.fast_dx) return rule.dx(std::move(g), std::move(read));
    Tensors known;
    for (Var& r : read) known.push_back(r.take());
    known.insert(known.end(), rule.saved.begin(), rule.saved.end());
    const Tensors dx = rule.fast_dx(g.take(), std::move(known));
    return Vars(dx.begin(), dx.end());
  }
  Vars dx(call.x.size());
  int last = static_cast<int>(call.x.size()) - 1;
  while (last >= 0 && !needed(last)) --last;
  for (int i = 0; i <= last; ++i)
    if (needed(i)) {  // the last rule may write into g's memory
      Rule& rule = call.rules.each[i];
      dx[i] = rule.dx(i == last ? std::move(g) : g, handed(rule.read, how, consume));
    }
  return dx;
}

}  // namespace

Vars Recording::backward(const Var& y, Var g, const Vars& wrt, Backward how, bool consume) {
  const int end = y.place() + 1;
  int begin = y.place();  // calls before the first Var asked for do not matter
  for (const Var& w : wrt)
    if (w.tape() == y.tape()) begin = std::min(begin, w.place());
  std::vector<char> asked(end - begin), needed(end - begin);  // needed: leads from something asked for to y
  for (const Var& w : wrt)
    if (w.tape() == y.tape() && w.place() < end) asked[w.place() - begin] = needed[w.place() - begin] = true;
  auto is_needed = [&](int place) { return place >= begin && needed[place - begin]; };
  for (int id = begin; id < end; ++id)
    if (std::any_of(calls[id].x.begin(), calls[id].x.end(), is_needed)) needed[id - begin] = true;
  if (consume)  // what nobody will read is freed before the walk
    for (int id = 0; id < static_cast<int>(calls.size()); ++id)
      if (id >= end || !is_needed(id)) calls[id].rules = {{}}, calls[id].everything.clear();

  Vars dL(end - begin);  // by place; empty where the loss has not reached yet
  dL.back() = std::move(g);
  for (int id = end - 1; id >= begin; --id) {  // the tape is already in topological order
    RecordedCall& call = calls[id];
    Var& here = dL[id - begin];
    if (!needed[id - begin] || here.empty() || call.x.empty()) continue;
    auto argument_needed = [&](int i) { return is_needed(call.x[i]); };
    Vars dx = gradients_of_arguments(call, asked[id - begin] ? here : std::move(here), argument_needed, how, consume);
    for (std::size_t i = 0; i < call.x.size(); ++i) {
      if (!argument_needed(i)) continue;
      const int x = call.x[i];
      if (dx[i].empty() || dx[i].shape() != calls[x].shape)
        fail(call.op, ": the rule of argument ", i, " returned ", dx[i].empty() ? "nothing" : dx[i].shape().text(),
             "; expected ", calls[x].shape, ", the shape of the argument");
      Var& sum = dL[x - begin];
      sum = sum.empty() ? std::move(dx[i]) : std::move(sum) + std::move(dx[i]);
    }
    if (consume) call.rules = {{}}, call.everything.clear();
  }

  Vars result;
  for (const Var& w : wrt) {
    const bool here = w.tape() == y.tape() && w.place() < end;
    const bool reached = here && !dL[w.place() - begin].empty();
    if (!reached && !how.zeros_where_unreached)
      fail("gradient: the loss never reached ",
           w.recorded() && names.contains(w.place()) ? names[w.place()] : std::string("a value that was asked for"),
           "; expected it on the way to the loss; leave it out, or ask for {.zeros_where_unreached = true}");
    result.push_back(reached ? dL[w.place() - begin] : Var(Tensor(w.shape(), 0)));
  }
  return result;
}

Vars Recording::differentiate(const Var& loss, const Vars& wrt, Backward how, bool consume) {
  if (!ended.empty())
    fail("gradient: this tape ", ended, "; expected a living one; ask for every gradient before it ends");
  if (loss.tape().get() != this)
    fail("gradient: the loss was ", loss.recorded() ? "recorded on another tape" : "not recorded",
         "; expected a loss of this tape; compute it from variables of this tape");
  for (const Var& w : wrt)
    if (w.tape().get() != this)
      fail("gradient: asked for the gradient of a value that was ",
           w.recorded() ? "recorded on another tape" : "not recorded",
           "; expected variables of this tape; make it one with tape.variable()");
  if (loss.shape().size() != 1)
    fail("gradient: the loss has shape ", loss.shape(), "; expected one number; take its sum() or mean()");
  if (consume && how.record)
    fail(
        "gradient: got record = true and a tape to be consumed; expected one of them; keep the tape: "
        "tape.gradient(...)");
  for (const auto& [stored, version] : versions)
    if (stored->version() != version)
      fail("gradient: '", stored->name(),
           "' changed after this tape recorded it; expected the value that was recorded; "
           "differentiate before you update");
  if (consume) ended = "was consumed by std::move(tape).gradient(...)";  // first: an error leaves no half-eaten tape
  Vars dL = backward(loss, Tensor(loss.shape(), 1), wrt, how, consume);
  if (consume) end("");
  return dL;
}

Vars vjp(const std::function<Var(const Vars&)>& f, const Var& g, const Vars& x) {
  const bool record = std::any_of(x.begin(), x.end(), [](const Var& v) { return v.recorded(); });
  Tape local;      // used if nothing is recorded elsewhere
  Vars arguments;  // stand-ins for x, so that the walk back ends at f's own arguments
  for (const Var& v : x)
    arguments.push_back(record ? apply("same", v.value(), {v}, {[](Var g) { return g; }}) : local.variable(v.value()));
  const Var y = f(arguments);
  Vars wrt;  // those that are recorded; the others are constants to f
  for (const Var& v : arguments)
    if (v.recorded()) wrt.push_back(v);
  const Vars dL = y.tape()->backward(y, g, wrt, {.record = record, .zeros_where_unreached = true}, false);
  Vars dx;
  auto next = dL.begin();
  for (const Var& v : arguments) dx.push_back(v.recorded() ? *next++ : Var());
  return dx;
}

// Tape ----------------------------------------------------------------------------------------------------------------

Tape::Tape(Keep keep) : recording_(std::make_shared<Recording>(keep)) {}
Tape::~Tape() { recording_->end("has gone out of scope"); }

namespace {
void check_living(const char* what, const Recording& recording) {
  if (!recording.ended.empty())
    fail(what, ": this tape ", recording.ended, "; expected a living one; record on a new tape");
}
}  // namespace

Var Tape::variable(Tensor value, std::string name) {
  check_living("variable", *recording_);
  return recording_->variable(std::move(value), "'" + name + "'", recording_);
}
Var Tape::variable(Parameter& parameter) {
  check_living("variable", *recording_);
  auto [known, is_new] = recording_->parameters.try_emplace(&parameter);
  if (is_new) {
    known->second = recording_->variable(parameter.value(), "parameter '" + parameter.name() + "'", recording_);
    recording_->versions.emplace(&parameter, parameter.version());
  }
  return known->second;
}
Var Tape::constant(const Buffer& buffer) {
  check_living("constant", *recording_);
  recording_->versions.try_emplace(&buffer, buffer.version());
  return buffer.value();
}

namespace {
// A parameter that the tape has not met becomes a variable here, which the loss cannot have reached: the error names
// it.
Vars leaves(Tape& tape, const Parameters& parameters) {
  Vars vars;
  for (Parameter* p : parameters) vars.push_back(tape.variable(*p));
  return vars;
}
Gradients pairs(const Parameters& parameters, const Vars& dL) {
  Gradients gradients;
  for (std::size_t i = 0; i < parameters.size(); ++i) gradients.emplace_back(parameters[i], dL[i].value());
  return gradients;
}
}  // namespace

Vars Tape::gradient(const Var& loss, const Vars& wrt, Backward how) & {
  return recording_->differentiate(loss, wrt, how, false);
}
Vars Tape::gradient(const Var& loss, const Vars& wrt, Backward how) && {
  return recording_->differentiate(loss, wrt, how, true);
}
Gradients Tape::gradient(const Var& loss, const Parameters& wrt, Backward how) & {
  return pairs(wrt, gradient(loss, leaves(*this, wrt), how));
}
Gradients Tape::gradient(const Var& loss, const Parameters& wrt, Backward how) && {
  return pairs(wrt, std::move(*this).gradient(loss, leaves(*this, wrt), how));
}

}  // namespace tapestry
