#include "autograd/kernels/rows.hpp"

#include <algorithm>
#include <vector>

#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"

namespace tapestry::kernels {
namespace {

using Samples = std::vector<Index>;  // that add to one row, in their order

// The tree of pairwise_sum.hpp for one row of the result, over chunks first ... first + count - 1, count a power of
// two. Chunks without a sample are left out: they would add zeros. False if all are.
bool add_tree(const Tensor& y, const Samples& samples, Index first, Index count, Real* sum) {
  const Index F = y.shape()[1];
  const auto begin = std::lower_bound(samples.begin(), samples.end(), first * chunk_samples),
             end = std::lower_bound(begin, samples.end(), (first + count) * chunk_samples);
  if (begin == end) return false;
  if (count == 1) {
    const ScratchOf<double> total(F);
    std::fill_n(static_cast<double*>(total), F, 0.0);
    for (auto n = begin; n != end; ++n)
      for (Index i = 0; i < F; ++i) total[i] += y[*n * F + i];
    std::copy_n(static_cast<const double*>(total), F, sum);
    return true;
  }
  const Scratch right(F);
  const bool left_any = add_tree(y, samples, first, count / 2, sum);
  if (!add_tree(y, samples, first + count / 2, count / 2, left_any ? right : sum)) return left_any;
  if (left_any)
    for (Index i = 0; i < F; ++i) sum[i] += right[i];
  return true;
}

}  // namespace

Tensor gather_rows(const Tensor& x, const Tensor& numbers) {
  const Index n = numbers.size(), F = x.shape()[1];
  Tensor y = Tensor::uninitialized({n, F});
  Real* const to = y.writable();
  parallel_for_blocks(n, std::max<Index>(1, 16384 / F), 0.5 * F, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) std::copy_n(x.data() + static_cast<Index>(numbers[i]) * F, F, to + i * F);
  });
  return y;
}

Tensor scatter_rows(const Tensor& y, const Tensor& numbers, Index K) {
  const Index n = numbers.size(), F = y.shape()[1];
  std::vector<Samples> of_row(K);
  for (Index i = 0; i < n; ++i) of_row[static_cast<Index>(numbers[i])].push_back(i);
  Index width = 1;  // of the tree
  while (width < chunks(n)) width *= 2;
  Tensor x = Tensor::uninitialized({K, F});
  Real* const to = x.writable();
  parallel_for_blocks(K, std::max<Index>(1, 8192 / F), 0.5 * F * (1 + double(n) / K), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row)
      if (!add_tree(y, of_row[row], 0, width, to + row * F)) std::fill_n(to + row * F, F, Real(0));
  });
  return x;
}

namespace reference {
Tensor gather_rows(const Tensor& x, const Tensor& numbers) {
  const Index F = x.shape()[1];
  Tensor y = Tensor::uninitialized({numbers.size(), F});
  Real* to = y.writable();
  for (Index i = 0; i < numbers.size(); ++i)
    for (Index f = 0; f < F; ++f) *to++ = x[static_cast<Index>(numbers[i]) * F + f];
  return y;
}
Tensor scatter_rows(const Tensor& y, const Tensor& numbers, Index K) {
  const Index F = y.shape()[1];
  Tensor x({K, F}, 0);
  Real* const to = x.writable();
  for (Index i = 0; i < numbers.size(); ++i)
    for (Index f = 0; f < F; ++f) to[static_cast<Index>(numbers[i]) * F + f] += y[i * F + f];
  return x;
}
}  // namespace reference

}  // namespace tapestry::kernels
