// The tape: it records calls y = op(x[0], x[1], ...) in the order in which they happen, and walks back over them.
//
//   Tape tape;
//   Var x = tape.variable(Tensor({3}, {1, 2, 3}));
//   Var loss = sum(x * x);
//   Var dx = tape.gradient(loss, {x})[0];  // 2 4 6
#pragma once
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "autograd/parameter.hpp"
#include "autograd/tensor.hpp"

namespace tapestry {

struct Recording;  // what a tape holds; shared with its Vars, so that a Var can tell that its tape has ended

// A value, and where on which tape it was recorded. Recorded nowhere, it is a constant.
class Var {
 public:
  Var() = default;
  Var(Tensor value) : value_(std::move(value)) {}  // a constant: any tensor may stand where a Var is expected
  Var(Tensor value, std::shared_ptr<Recording> tape, int place)
      : value_(std::move(value)), tape_(std::move(tape)), place_(place) {}

  const Tensor& value() const;  // an error if it was given away
  const Shape& shape() const { return value_.shape(); }
  Real item() const { return value().item(); }
  bool recorded() const { return tape_ != nullptr; }
  bool empty() const { return value_.empty(); }

  // Gives the value away, so that a kernel may write the result into its memory; shape and place stay behind.
  Tensor take();

  const std::shared_ptr<Recording>& tape() const { return tape_; }
  int place() const { return place_; }  // on its tape; -1 for a constant

 private:
  Tensor value_;
  std::shared_ptr<Recording> tape_;
  int place_ = -1;
};
using Vars = std::vector<Var>;

enum class Keep {
  what_rules_read,
  times,       // and how long each call and its rules took, for print()
  everything,  // and every value and gradient, for drawing
};

struct Backward {
  bool record = false;                 // leave the backward pass on the tape, to be differentiated again
  bool zeros_where_unreached = false;  // instead of an error
};

struct TapeCall;     // one call as it can be shown: tape_call.hpp
class TapeObserver;  // looks on while a tape works: tape_call.hpp

class Tape {
 public:
  explicit Tape(Keep keep = Keep::what_rules_read);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  Var variable(Tensor value, std::string name = "variable");  // something to differentiate by
  Var variable(Parameter& parameter);                         // the same Var each time
  Var constant(const Buffer& buffer);                         // not differentiated, but watched for changes

  // dL/dw for each w. Evaluates only the rules that lie on a path from the loss to something asked for. The loss is one
  // number. Errors: the loss or a w of another tape, a w that the loss never reached, a parameter or buffer that
  // changed after it was recorded, a tape that has ended.
  Vars gradient(const Var& loss, const Vars& wrt, Backward how = {}) &;
  Gradients gradient(const Var& loss, const Parameters& wrt, Backward how = {}) &;

  // The same, and ends the tape: std::move(tape).gradient(...) frees each value after its last reader.
  Vars gradient(const Var& loss, const Vars& wrt, Backward how = {}) &&;
  Gradients gradient(const Var& loss, const Parameters& wrt, Backward how = {}) &&;

  // The tape can be seen: a table; a graph for Graphviz (`dot -Tpdf`); a picture. Values and gradients are on a tape
  // that keeps everything; gradients are those of the last gradient(). docs/engine.md has an example.
  void print() const;  // to std::cout
  void print(std::ostream& out) const;
  std::string to_dot() const;
  std::string to_svg() const;

  TapeCall call(int place) const;
  std::vector<TapeCall> calls() const;
  void observe(TapeObserver* observer);  // who is told of each call and each rule as it happens; null: nobody

 private:
  std::shared_ptr<Recording> recording_;
};

}  // namespace tapestry
