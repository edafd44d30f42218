#include "autograd/tape.hpp"

#include "autograd/recording.hpp"

namespace tapestry {

const Tensor& Var::value() const {
  if (empty())
    fail("Var: got one without a value; expected one that was neither moved from nor left empty; use a copy");
  return value_;
}
Tensor Var::take() { return ValuesStay::wanted() ? value() : (value(), value_.take()); }

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
  recording_->names.emplace(recording_->next_place(), std::move(name));
  return recording_->variable(std::move(value), nullptr, recording_);
}
Var Tape::variable(Parameter& parameter) {
  check_living("variable", *recording_);
  auto [known, is_new] = recording_->sources.try_emplace(&parameter);
  if (is_new) known->second = {parameter.version(), recording_->variable(parameter.value(), &parameter, recording_)};
  return known->second.variable;
}
Var Tape::constant(const Buffer& buffer) {
  check_living("constant", *recording_);
  recording_->sources.try_emplace(&buffer, Recording::Source{buffer.version(), {}});
  return buffer.value();
}
void Tape::observe(TapeObserver* observer) {
  check_living("observe", *recording_);
  recording_->observer = observer;
}

namespace {
// A parameter that the tape has not met becomes a variable here, which the loss cannot have reached: the error names
// it.
Vars leaves(Tape& tape, const Parameters& parameters) {
  Vars vars;
  vars.reserve(parameters.size());
  for (Parameter* p : parameters) vars.push_back(tape.variable(*p));
  return vars;
}
Gradients pairs(const Parameters& parameters, const Vars& dL) {
  Gradients gradients;
  gradients.reserve(parameters.size());
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
