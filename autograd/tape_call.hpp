// One recorded call as it can be shown, and who may look on while a tape works. Only whoever prints, draws or explains
// a tape needs this header.
#pragma once
#include <optional>

#include "autograd/tape.hpp"

namespace tapestry {

struct TapeCall {  // y = op(x[0], x[1], ...)
  struct Argument {
    std::optional<int> call;  // whose y it is; a constant has none
    Tensor value;             // only if the tape keeps everything
  };
  int number = 0;
  std::string op{};    // multiply
  std::string name{};  // of a variable or parameter: 3.weight
  bool is_parameter = false;
  std::string path{};  // the layer: discriminator.3 conv2d; empty outside of all
  Shape shape{};       // of y
  std::vector<Argument> x{};
  std::optional<int> rule_of{};               // the call whose rule made this one, in a recorded backward pass
  std::size_t bytes = 0;                      // that are kept for it, and for none before it
  std::optional<double> milliseconds{};       // since the call before it; if the tape keeps times
  std::optional<double> rule_milliseconds{};  // of all its rules, in the last gradient()
  Tensor value{}, gradient{};                 // y and dL/dy; only if the tape keeps everything
  bool is_variable() const { return op == "variable"; }  // or parameter
};

class TapeObserver {
 public:
  virtual ~TapeObserver() = default;
  virtual void called(int /*call*/) {}                        // it was recorded
  virtual void reached(int /*call*/, const Tensor& /*g*/) {}  // g = dL/dy is complete; its rules are next
  virtual void ran(int /*call*/, const Tensors& /*dx*/) {}    // its rules; empty for who needs none
  virtual void added(int /*call*/, int /*argument*/, const Tensor& /*dL*/) {}  // dL/d(argument), with this one's dx
};

}  // namespace tapestry
