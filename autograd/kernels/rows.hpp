// Rows of a matrix by their numbers, which are whole and held as Reals.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

Tensor gather_rows(const Tensor& x, const Tensor& numbers);  // (K, F), n numbers -> (n, F): row numbers[i] of x
// The dual, (n, F) -> (K, F): adds row i of y to row numbers[i]. i counts samples: sums as in pairwise_sum.hpp.
Tensor scatter_rows(const Tensor& y, const Tensor& numbers, Index K);

namespace reference {  // the same by the book
Tensor gather_rows(const Tensor& x, const Tensor& numbers);
Tensor scatter_rows(const Tensor& y, const Tensor& numbers, Index K);
}  // namespace reference

}  // namespace tapestry::kernels
