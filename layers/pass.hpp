// Pass: how a layer runs. On which tape, in which mode, with which random numbers.
#pragma once
#include <utility>
#include <vector>

#include "autograd/random.hpp"
#include "autograd/tape.hpp"

namespace tapestry {

enum class Mode { training, evaluation };

struct Pass {
  Mode mode = Mode::evaluation;
  Random random{};                        // the key of this pass: seed, step and purpose; a layer adds its own place
  Tape* tape = nullptr;                   // where to record; nowhere, if null
  bool update_running_statistics = true;  // does a batch norm in training mode remember what it saw?
  Index first_sample = 0;                 // the place of the batch's first sample in the global batch
  Tensor labels{};                        // (N), the class of each sample, for conditional layers
  std::vector<std::pair<const Parameter*, Var>> stand_ins{};  // what layers read in place of a parameter; see with()

  static Pass training(Random random) { return {.mode = Mode::training, .random = random}; }
  static Pass training(Random random, Tape& tape) { return {.mode = Mode::training, .random = random, .tape = &tape}; }
  static Pass evaluation() { return {}; }

  Pass without_running_statistics() const {
    Pass pass = *this;
    pass.update_running_statistics = false;
    return pass;
  }
  Pass with_labels(Tensor labels) const {
    Pass pass = *this;
    pass.labels = std::move(labels);
    return pass;
  }
  Pass inside(Index layer) const {  // the same pass inside layer number `layer`: random numbers of its own
    Pass pass = *this;
    pass.random = random(layer);
    return pass;
  }

  // The same pass with a value that stands in for a parameter: a normalised weight, a moving average. If it was
  // computed from the parameter on the tape, gradients flow through it. Of several for one parameter the last one
  // counts.
  Pass with(const Parameter& parameter, Var value) const {
    if (value.shape() != parameter.shape())
      fail("with: got ", value.shape(), " to stand in for '", parameter.name(), "'; expected ", parameter.shape());
    Pass pass = *this;
    pass.stand_ins.emplace_back(&parameter, std::move(value));
    return pass;
  }

  // How layers read what they own.
  Var weight(Parameter& parameter) const {
    for (auto known = stand_ins.rbegin(); known != stand_ins.rend(); ++known)
      if (known->first == &parameter) return known->second;
    return tape ? tape->variable(parameter) : Var(parameter.value());
  }
  Var constant(const Buffer& buffer) const { return tape ? tape->constant(buffer) : Var(buffer.value()); }
};

}  // namespace tapestry
