// Weights as Winograd's products read them, kept for as long as nobody writes to the weights. Between two steps of an
// optimiser a weight is used several times: for real pictures and for fakes, forward and on the way back.
#pragma once
#include <functional>

#include "autograd/kernels/convolution.hpp"

namespace tapestry::kernels {

enum class Direction { gather, scatter };

// The `size` numbers that `make` writes for these weights; or wrote, if it was asked the same before: the same version
// of w, the same lengths but for the number of pictures, the same direction. Any thread.
Tensor kept_weights(const Tensor& w, Convolution k, Direction direction, Index size,
                    const std::function<void(Real*)>& make);

}  // namespace tapestry::kernels
