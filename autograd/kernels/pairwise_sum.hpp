// Sums over a batch: over chunks of 32 samples first (or of fewer, a power of two, if samples are large), then over the
// chunks in a fixed pairwise tree,
//
//   ((0 + 1) + (2 + 3)) + ((4 + 5) + 6)
//
// so that the bits do not depend on the number of threads. Nor do they depend on a split of the batch where the tree
// has one, at a power of two of chunks: the sum of 256 samples is that of the first 128 plus that of the others. A tree
// is also more exact than a running sum.
#pragma once
#include <algorithm>

#include "autograd/kernels/parallel.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

constexpr Index chunk_samples = 32;
inline Index chunks(Index samples) { return (samples + chunk_samples - 1) / chunk_samples; }

// partial[0 ... count - 1], each `size` numbers long, one after another; the sum ends up in partial[0].
inline void add_in_pairs(Real* partial, Index count, Index size) {
  parallel_for_blocks(size, 4096, 0.5 * (count - 1), [=](Index begin, Index end) {
    for (Index step = 1; step < count; step *= 2)
      for (Index i = 0; i + step < count; i += 2 * step) {
        Real* const a = partial + i * size;
        const Real* const b = partial + (i + step) * size;
        for (Index j = begin; j < end; ++j) a[j] += b[j];
      }
  });
}

// The same as a tensor of this shape.
inline Tensor sum_in_pairs(Real* partial, Index count, const Shape& shape) {
  add_in_pairs(partial, count, shape.size());
  Tensor sum = Tensor::uninitialized(shape);
  std::copy_n(partial, shape.size(), sum.writable());
  return sum;
}

}  // namespace tapestry::kernels
