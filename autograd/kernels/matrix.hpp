// Matrix products.
#pragma once
#include "autograd/kernels/epilogue.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// The sum over k of a(i, k) b(k, j) for an operand given as it lies or transposed: a is (M, K) or (K, M), b (K, N) or
// (N, K); the result is (M, N), whose rows are samples and whose columns are channels to the epilogue. Axes before
// these count matrices; they are broadcast as NumPy does it, without a copy. (Rectifiers are for a single matrix.)
//
// Where a is transposed, k counts samples of a batch, or `rows_of_sample` rows of each (a weight gradient): that sum is
// taken over chunks of 32 samples and in pairs (pairwise_sum.hpp). Otherwise row i of the result depends on row i of a
// only.
Tensor matmul(const Tensor& a, bool a_transposed, const Tensor& b, bool b_transposed, const Epilogue& epilogue = {},
              Index rows_of_sample = 1);

// sum (M, N) + a^T b, for a (K, M) and b (K, N): the same numbers as the sum of both, but a^T b is never written by
// itself. A large weight that several batches went through has such a gradient.
Tensor add_aTb(Tensor sum, const Tensor& a, const Tensor& b);

namespace reference {  // the same by the book: three loops
Tensor matmul(const Tensor& a, bool a_transposed, const Tensor& b, bool b_transposed, const Epilogue& epilogue = {});
}

}  // namespace tapestry::kernels
