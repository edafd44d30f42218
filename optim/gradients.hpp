// Between the tape and the optimiser: gradients added up over several passes, and gradients that are kept small.
//
//   Gradients total;
//   for (const Tensor& part : parts) total = add(std::move(total), gradients_of(part));
//   optimizer.step(clip_by_norm(scale(std::move(total), 1.0 / parts.size()), 5));
//
// What comes by std::move is worked on in place.
#pragma once
#include "autograd/parameter.hpp"

namespace tapestry {

// For each parameter the sum of both; one that is in one of them only keeps what it has. Halves of a batch give the
// bits of the whole batch where the batch sums have a branch: at 32, 64, 128, ... samples.
Gradients add(Gradients a, Gradients b);
Gradients scale(Gradients gradients, double factor);

// The length of all gradients as one long vector. Error if it is not finite.
double norm(const Gradients& gradients);

// All shortened by one factor, so that their norm is at most `largest`; the direction stays. Pascanu, Mikolov and
// Bengio, "On the difficulty of training recurrent neural networks", 2013. largest > 0.
Gradients clip_by_norm(Gradients gradients, double largest);
// Each number by itself, to [-largest, largest]. largest > 0.
Gradients clip_by_value(Gradients gradients, double largest);

}  // namespace tapestry
