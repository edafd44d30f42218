// Walking back over the tape: one loop from the loss towards the start.
#include <algorithm>
#include <utility>

#include "autograd/ops.hpp"
#include "autograd/stopwatch.hpp"
#include "autograd/witness.hpp"

namespace tapestry {
namespace {

// What a rule is handed. A backward pass is recorded if these are Vars of the tape, and not if they are constants.
Vars handed(Vars& read, Backward how, bool consume) {
  if (how.record) return read;
  Vars constants;
  constants.reserve(read.size());
  for (Var& r : read) constants.emplace_back(consume ? r.take() : r.value());
  return constants;
}

// Says whose rules are running, until they have.
struct Running {
  explicit Running(int& rule_of) : rule_of(rule_of), before(rule_of) {}
  ~Running() { rule_of = before; }
  int &rule_of, before;
};

Tensors values_of(Vars vars) {
  Tensors values;
  for (Var& v : vars) values.push_back(v.take());
  return values;
}

// dL/dx of each argument for which needed(i); the others stay empty. Where a rule can add, what had come to its
// argument before, sum(i), is taken away and contained in the result.
template <class Needed, class Sum>
Vars gradients_of_arguments(RecordedCall& call, Var g, Needed needed, Sum sum, Backward how, bool consume) {
  Stopwatch::lap("tape");
  for (JointRule& rule : call.rules.joint) {
    Vars read = handed(rule.read, how, consume);
    Vars dx;
    if (how.record || !rule.fast_dx) {
      dx = rule.dx(std::move(g), std::move(read));
    } else {
      Tensors known = values_of(std::move(read));
      known.insert(known.end(), rule.saved.begin(), rule.saved.end());
      for (Tensor& t : rule.fast_dx(g.take(), std::move(known))) dx.emplace_back(std::move(t));
      Stopwatch::lap(call.op);
    }
    dx.resize(call.x.size());  // what it did not return is found to be missing
    return dx;
  }
  // From the last argument to the first, which is the largest as a rule: by then nobody reads it any more, and it is
  // freed before its gradient takes as much memory. The rule that runs last may write into g's.
  Vars dx(call.x.size());
  int first = 0;
  while (first < std::ssize(call.x) && !needed(first)) ++first;
  for (int i = static_cast<int>(call.x.size()) - 1; i >= first; --i)
    if (needed(i)) {
      Rule& rule = call.rules.each[i];
      Vars known = handed(rule.read, how, consume);
      Var its_g = i == first ? std::move(g) : g;
      if (Var* const before = rule.add ? sum(i) : nullptr) {
        Var taken = std::exchange(*before, {});
        dx[i] = rule.add(taken.take(), its_g.take(), values_of(std::move(known)));
        Stopwatch::lap(call.op);
        continue;
      }
      known.insert(known.end(), rule.saved.begin(), rule.saved.end());
      dx[i] = rule.dx(std::move(its_g), std::move(known));
    }
  return dx;
}

}  // namespace

Vars Recording::backward(const Var& y, Var g, const Vars& wrt, Backward how, bool consume, Witness* witness) {
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
    for (int id = 0; id < next_place(); ++id)
      if (id >= end || !is_needed(id)) calls[id].free();

  Vars dL(end - begin);  // by place; empty where the loss has not reached yet
  dL.back() = std::move(g);
  const Running running(rule_of);
  for (int id = end - 1; id >= begin; --id) {  // the tape is already in topological order
    RecordedCall& call = calls[id];
    Var& here = dL[id - begin];
    if (!needed[id - begin] || here.empty()) continue;
    if (witness) witness->reached(id, here.value());
    if (call.x.empty()) continue;  // a variable
    rule_of = id;
    auto argument_needed = [&](int i) { return is_needed(call.x[i]); };
    auto sum_so_far = [&](int i) {  // null if there is none, or if somebody wants to see what each rule returns
      Var& sum = dL[call.x[i] - begin];
      return how.record || witness || sum.empty() ? nullptr : &sum;
    };
    Vars dx = gradients_of_arguments(call, asked[id - begin] ? here : std::move(here), argument_needed, sum_so_far, how,
                                     consume);
    if (witness) witness->ran(id, dx);
    for (std::size_t i = 0; i < call.x.size(); ++i) {
      if (!argument_needed(i)) continue;
      const int x = call.x[i];
      if (dx[i].empty() || dx[i].shape() != calls[x].shape)
        fail(call.op, ": the rule of argument ", i, " returned ", dx[i].empty() ? "nothing" : dx[i].shape().text(),
             "; expected ", calls[x].shape, ", the shape of the argument");
      Var& sum = dL[x - begin];
      sum = sum.empty() ? std::move(dx[i]) : std::move(sum) + std::move(dx[i]);
      if (witness) witness->added(id, static_cast<int>(i), sum);
    }
    if (consume) call.free();
  }

  Vars result;
  result.reserve(wrt.size());
  for (const Var& w : wrt) {
    const bool here = w.tape() == y.tape() && w.place() < end;
    const bool reached = here && !dL[w.place() - begin].empty();
    if (!reached && !how.zeros_where_unreached)
      fail("gradient: the loss never reached ",
           w.recorded() && !name(w.place()).empty() ? name(w.place()) : std::string("a value that was asked for"),
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
  for (const auto& [stored, source] : sources)
    if (stored->version() != source.version)
      fail("gradient: '", stored->name(),
           "' changed after this tape recorded it; expected the value that was recorded; "
           "differentiate before you update");
  if (consume) ended = "was consumed by std::move(tape).gradient(...)";  // first: an error leaves no half-eaten tape
  std::optional<Witness> witness;
  if (Witness::wanted(*this)) witness.emplace(*this);
  Vars dL = backward(loss, Tensor(loss.shape(), 1), wrt, how, consume, witness ? &*witness : nullptr);
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
  const Vars dL = y.tape()->backward(y, g, wrt, {.record = record, .zeros_where_unreached = true}, false, nullptr);
  Vars dx;
  auto next = dL.begin();
  for (const Var& v : arguments) dx.push_back(v.recorded() ? *next++ : Var());
  return dx;
}

}  // namespace tapestry
