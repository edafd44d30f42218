// A training loop of one's own: a network of random features learns the product of two numbers.
//
//   c++ -std=c++20 -O2 own_loop.cpp $(pkg-config --cflags --libs tapestry) -o own_loop
//   ./own_loop
//
// What you see: the loss as it falls. product.npy holds what was learned, on a grid, for numpy.load.
#include <iostream>

#include "apps/common/npy.hpp"
#include "autograd/losses.hpp"
#include "layers/layers.hpp"
#include "optim/adam.hpp"
#include "optim/gradients.hpp"

using namespace tapestry;

int main() {
  const Random random(1);
  const Index batch = 256, steps = 400;
  Sequential network;
  network.add<Linear>(
      Shape{batch, 2},
      LinearOptions{.features = 256, .weight_initializer = he_normal(), .bias_initializer = normal(0, 0.5)}, random(0));
  network.add<Relu>();
  network.add<Linear>(Shape{batch, 256}, LinearOptions{.features = 1}, random(2));

  freeze(network[0].parameters());  // the features stay as they were drawn; only their sum is learned
  const Parameters learned = trainable(network.parameters());
  Adam adam(learned, {.weight_decay = 0.01});
  adam.set_learning_rate(schedules::warm_up(20, schedules::cosine(0.01, 0, steps)));
  adam.set_pace({learned.back()}, {.learning_rate = 2, .weight_decay = 0});  // a bias does not decay

  for (Index step = 0; step < steps; ++step) {
    const Tensor x = random("numbers")(step).uniform({batch, 2}, -1, 1);
    double loss = 0;
    Gradients total;
    for (const Index first : {Index(0), batch / 2}) {  // half a batch at a time takes half of the memory
      const Tensor half = slice(x, 0, first, first + batch / 2).value();
      const Tensor product = (slice(half, 1, 0, 1) * slice(half, 1, 1, 2)).value();
      Tape tape;
      const Var error = mean_squared_error(network(Pass::training(random(step), tape), half), product);
      loss += error.item() / 2;
      total = add(std::move(total), std::move(tape).gradient(error, learned));
    }
    adam.step(clip_by_norm(scale(std::move(total), 0.5), 1));
    if (step % 100 == 0 || step == steps - 1) std::cout << "step " << step << "  loss " << loss << '\n';
  }

  const Index side = 33;
  Tensor grid({side * side, 2}, 0);
  Real* const g = grid.writable();
  for (Index i = 0; i < side * side; ++i) {
    g[2 * i] = Real(i / side) / (side - 1) * 2 - 1;
    g[2 * i + 1] = Real(i % side) / (side - 1) * 2 - 1;
  }
  write_npy("product.npy", network(Pass::evaluation(), grid).value().reshaped({side, side}));
}
