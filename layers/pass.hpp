// Pass: how a layer runs. On which tape, in which mode, with which random numbers.
#pragma once
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

  // How layers read what they own.
  Var weight(Parameter& parameter) const { return tape ? tape->variable(parameter) : Var(parameter.value()); }
  Var constant(const Buffer& buffer) const { return tape ? tape->constant(buffer) : Var(buffer.value()); }
};

}  // namespace tapestry
