// One neuron, y = tanh(w x + b), on three samples of two features: how would its loss change with w and b?
#include <CLI/CLI.hpp>
#include <iostream>

#include "apps/common/command_line.hpp"
#include "autograd/ops.hpp"

using namespace tapestry;

void first_tape() {
  Tape tape;
  Var w = tape.variable(Tensor({1, 2}, {0.5, -0.25}), "w");
  Var b = tape.variable(Tensor({1}, 0.1), "b");
  Var x = Tensor({3, 2}, {1, 2, 3, 4, 5, 6});  // a constant: not recorded, not differentiated
  Var y = tanh(linear(x, w, b));
  Var loss = mean(y * y);
  Vars gradients = tape.gradient(loss, {w, b});
  std::cout << "y\n"
            << y.value() << "\nloss  " << loss.value() << "\ndL/dw " << gradients[0].value() << "\ndL/db "
            << gradients[1].value() << '\n';
}

int main(int argc, char** argv) {
  CLI::App app("Computes a neuron and its loss on a tape, and prints the gradients.", "first_tape");
  return run_program(app, argc, argv, [] {
    first_tape();
    return exit_done;
  });
}
