#include "autograd/kernels/reduction.hpp"

#include <cmath>

#include "autograd/kernels/around.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"
#include "autograd/kernels/sums.hpp"

namespace tapestry::kernels {
namespace {

// How a small shape lies in a big one. The first axis stands alone, since it may count samples; of the others,
// neighbours that are both repeated or both kept are one run.
struct Layout {
  struct Run {
    Index length;
    bool repeated;
    Index inner;  // numbers of the small tensor below one entry of this run
  };
  Index samples = 1;  // the first axis of the big shape
  bool samples_repeated = false;
  std::vector<Run> runs;
  Index big = 1, small = 1;  // numbers in one sample of each

  Layout(const Shape& big_shape, const Shape& small_shape) {
    const int missing = big_shape.rank() - small_shape.rank();
    for (int axis = 0; axis < big_shape.rank(); ++axis) {
      const Index length = big_shape[axis];
      const bool repeated = axis < missing || (small_shape[axis - missing] == 1 && length > 1);
      if (axis == 0) {
        samples = length;
        samples_repeated = repeated;
      } else if (length > 1) {
        if (!runs.empty() && runs.back().repeated == repeated)
          runs.back().length *= length;
        else
          runs.push_back({length, repeated, 1});
      }
    }
    if (runs.empty()) runs.push_back({1, false, 1});
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      run->inner = small;
      big *= run->length;
      if (!run->repeated) small *= run->length;
    }
  }
};

// Adds one sample of the big tensor to the small one; returns where the next begins.
const Real* add_sample(const Layout& layout, std::size_t level, const Real* from, double* to) {
  const Layout::Run& run = layout.runs[level];
  if (level + 1 < layout.runs.size()) {
    for (Index i = 0; i < run.length; ++i)
      from = add_sample(layout, level + 1, from, run.repeated ? to : to + i * run.inner);
    return from;
  }
  if (run.repeated)
    *to += sum_of(run.length, [=](Index i) { return from[i]; });
  else
    for (Index i = 0; i < run.length; ++i) to[i] += from[i];
  return from + run.length;
}

Real* repeat_sample(const Layout& layout, std::size_t level, const Real* from, Real* to) {
  const Layout::Run& run = layout.runs[level];
  if (level + 1 == layout.runs.size())
    return run.repeated ? std::fill_n(to, run.length, *from) : std::copy_n(from, run.length, to);
  for (Index i = 0; i < run.length; ++i)
    to = repeat_sample(layout, level + 1, run.repeated ? from : from + i * run.inner, to);
  return to;
}

Index samples_in_task(const Layout& layout) { return std::max<Index>(1, 16384 / layout.big); }

}  // namespace

Tensor broadcast_to(const Tensor& x, Shape shape) {
  const Layout layout(shape, x.shape());
  Tensor y = Tensor::uninitialized(shape);
  Real* const to = y.writable();
  parallel_for_blocks(layout.samples, samples_in_task(layout), 0.5 * layout.big, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n)
      repeat_sample(layout, 0, x.data() + (layout.samples_repeated ? 0 : n * layout.small), to + n * layout.big);
  });
  return y;
}

Tensor sum_to(const Tensor& x, Shape shape) {
  const Layout layout(x.shape(), shape);
  Tensor y = Tensor::uninitialized(shape);
  Real* const to = y.writable();
  // The first axis is cut into chunks: of 32 samples that are added up, or of one sample each that is not.
  const Index in_chunk = layout.samples_repeated ? chunk_samples : 1;
  const Index count = (layout.samples + in_chunk - 1) / in_chunk;
  const Scratch partial(layout.samples_repeated ? count * layout.small : 0);
  Real* const results = layout.samples_repeated ? static_cast<Real*>(partial) : to;
  parallel_for_blocks(count, std::max<Index>(1, samples_in_task(layout) / in_chunk), 0.5 * layout.big * in_chunk,
                      [&](Index begin, Index end) {
                        std::vector<double> sum(layout.small);
                        for (Index chunk = begin; chunk < end; ++chunk) {
                          std::fill(sum.begin(), sum.end(), 0.0);
                          for (Index n = chunk * in_chunk; n < std::min(layout.samples, (chunk + 1) * in_chunk); ++n)
                            add_sample(layout, 0, x.data() + n * layout.big, sum.data());
                          for (Index i = 0; i < layout.small; ++i)
                            results[chunk * layout.small + i] = static_cast<Real>(sum[i]);
                        }
                      });
  if (layout.samples_repeated) {
    add_in_pairs(partial, count, layout.small);
    std::copy_n(static_cast<const Real*>(partial), layout.small, to);
  }
  return y;
}

namespace {
// The larger one; once it is NaN it stays.
Real larger(Real a, Real b) { return b > a || b != b ? b : a; }

// The largest of a run, sixteen side by side as in sum_of.
Real largest_of(const Real* from, Index count) {
  Real largest[side_by_side];
  std::fill_n(largest, side_by_side, *from);
  Index i = 0;
  for (; i + side_by_side <= count; i += side_by_side)
    for (Index lane = 0; lane < side_by_side; ++lane) largest[lane] = larger(largest[lane], from[i + lane]);
  for (; i < count; ++i) largest[0] = larger(largest[0], from[i]);
  for (Real one : largest) largest[0] = larger(largest[0], one);
  return largest[0];
}
}  // namespace

Tensor maximum_along(const Tensor& x, int axis) {
  const Around around(x.shape(), axis);
  const Index length = around.length, inner = around.inner;
  constexpr Index block = 1024;  // of neighbours that have an axis each
  const Index blocks = (inner + block - 1) / block;
  Tensor y = Tensor::uninitialized(x.shape().with(axis, 1));
  Real* const to = y.writable();
  const Index in_task = std::max<Index>(1, 16384 / (length * std::min(inner, block)));
  parallel_for_blocks(
      around.outer * blocks, in_task, 0.5 * length * std::min(inner, block), [&](Index first, Index last) {
        for (Index task = first; task < last; ++task) {
          const Index outer = task / blocks, begin = task % blocks * block, end = std::min(inner, begin + block);
          const Real* const from = x.data() + outer * length * inner;
          Real* const row = to + outer * inner;
          if (inner == 1) {
            *row = largest_of(from, length);
            continue;
          }
          std::copy(from + begin, from + end, row + begin);
          for (Index i = 1; i < length; ++i)
            for (Index k = begin; k < end; ++k) row[k] = larger(row[k], from[i * inner + k]);
        }
      });
  return y;
}

namespace reference {
namespace {
// Where entry i of the big shape comes from in the small one.
Index source(const Shape& big, const Shape& small, Index i) {
  Index from = 0, step = 1;
  for (int axis = 1; axis <= small.rank(); ++axis) {
    if (small[small.rank() - axis] != 1) from += i % big[big.rank() - axis] * step;
    i /= big[big.rank() - axis];
    step *= small[small.rank() - axis];
  }
  return from;
}
}  // namespace
Tensor broadcast_to(const Tensor& x, Shape shape) {
  Tensor y = Tensor::uninitialized(shape);
  Real* const to = y.writable();
  for (Index i = 0; i < y.size(); ++i) to[i] = x[source(shape, x.shape(), i)];
  return y;
}
Tensor sum_to(const Tensor& x, Shape shape) {
  Tensor y(shape, 0);
  Real* const to = y.writable();
  for (Index i = 0; i < x.size(); ++i) to[source(x.shape(), shape, i)] += x[i];
  return y;
}
Tensor maximum_along(const Tensor& x, int axis) {
  const Around around(x.shape(), axis);
  Tensor y = Tensor::uninitialized(x.shape().with(axis, 1));
  Real* const to = y.writable();
  for (Index o = 0; o < around.outer; ++o)
    for (Index k = 0; k < around.inner; ++k) {
      Real largest = x[o * around.length * around.inner + k];
      for (Index i = 1; i < around.length; ++i) {
        const Real number = x[(o * around.length + i) * around.inner + k];
        if (number > largest || std::isnan(number)) largest = number;
      }
      to[o * around.inner + k] = largest;
    }
  return y;
}
}  // namespace reference

}  // namespace tapestry::kernels
