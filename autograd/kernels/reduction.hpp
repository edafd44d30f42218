// Broadcasting and sums.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// Shapes are aligned at their last axis; an axis of length 1 (or a missing one) of the smaller shape is repeated.
Tensor broadcast_to(const Tensor& x, Shape shape);
// Adds up what broadcast_to repeats. Along the first axis as pairwise_sum.hpp says.
Tensor sum_to(const Tensor& x, Shape shape);

Tensor row_maximum(const Tensor& x);  // (N, F) -> (N, 1); NaN if a row has one

// Strided copies along one axis, all others whole: the kernels of slice, pad and concat.
Tensor slice(const Tensor& x, int axis, Index begin, Index end);
Tensor pad(const Tensor& x, int axis, Index before, Index after);  // with zeros
Tensor concat(const Tensors& parts, int axis);

namespace reference {  // the same by the book
Tensor broadcast_to(const Tensor& x, Shape shape);
Tensor sum_to(const Tensor& x, Shape shape);
}  // namespace reference

}  // namespace tapestry::kernels
