// Broadcasting, sums and maxima.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// Shapes are aligned at their last axis; an axis of length 1 (or a missing one) of the smaller shape is repeated.
Tensor broadcast_to(const Tensor& x, Shape shape);
// Adds up what broadcast_to repeats. Along the first axis as pairwise_sum.hpp says.
Tensor sum_to(const Tensor& x, Shape shape);

Tensor maximum_along(const Tensor& x, int axis);  // that axis gets length 1; NaN where there is one

namespace reference {  // the same by the book
Tensor broadcast_to(const Tensor& x, Shape shape);
Tensor sum_to(const Tensor& x, Shape shape);
Tensor maximum_along(const Tensor& x, int axis);
}  // namespace reference

}  // namespace tapestry::kernels
