// Kernels that move numbers about.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// Copies along one axis, all others whole.
Tensor slice(const Tensor& x, int axis, Index begin, Index end);
Tensor pad(const Tensor& x, int axis, Index before, Index after);  // with zeros
Tensor concat(const Tensors& parts, int axis);
Tensor flip(const Tensor& x, int axis);  // last entry first

// Axis i of the result is axis axes[i] of x.
Tensor permute(const Tensor& x, const std::vector<int>& axes);

namespace reference {  // entry by entry
Tensor flip(const Tensor& x, int axis);
Tensor permute(const Tensor& x, const std::vector<int>& axes);
}  // namespace reference

}  // namespace tapestry::kernels
