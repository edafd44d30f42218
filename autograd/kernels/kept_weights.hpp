// Weights as Winograd's products read them, kept while there is room. Between two steps of an optimiser a weight is
// used several times: for real pictures and for fakes, forward and on the way back.
#pragma once
#include <functional>

#include "autograd/kernels/convolution.hpp"

namespace tapestry::kernels {

constexpr Index room_for_weights = 5'000'000;  // numbers: what a step of S2, S3 or S4 uses more than once

enum class Direction { gather, scatter };

// The `size` numbers that `make` writes for these weights; or wrote, if it was asked for the same before: w of the same
// edition, the same lengths but for the number of pictures, the same direction. Any thread.
Tensor kept_weights(const Tensor& w, Convolution k, Direction direction, Index size,
                    const std::function<void(Real*)>& make);

void forget_kept_weights();  // for those who measure, or compare one call with another

}  // namespace tapestry::kernels
