#include "autograd/kernels/shaping.hpp"

#include <algorithm>

#include "autograd/kernels/around.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/transpose.hpp"

namespace tapestry::kernels {

Tensor slice(const Tensor& x, int axis, Index begin, Index end) {
  const Around from(x.shape(), axis);
  Tensor y = Tensor::uninitialized(x.shape().with(axis, end - begin));
  Real* to = y.writable();
  for (Index i = 0; i < from.outer; ++i)
    to = std::copy_n(x.data() + (i * from.length + begin) * from.inner, (end - begin) * from.inner, to);
  return y;
}

Tensor pad(const Tensor& x, int axis, Index before, Index after) {
  const Around from(x.shape(), axis);
  Tensor y = Tensor::uninitialized(x.shape().with(axis, before + from.length + after));
  Real* to = y.writable();
  for (Index i = 0; i < from.outer; ++i) {
    to = std::fill_n(to, before * from.inner, Real(0));
    to = std::copy_n(x.data() + i * from.length * from.inner, from.length * from.inner, to);
    to = std::fill_n(to, after * from.inner, Real(0));
  }
  return y;
}

Tensor concat(const Tensors& parts, int axis) {
  Index length = 0;
  for (const Tensor& part : parts) length += part.shape()[axis];
  Tensor y = Tensor::uninitialized(parts[0].shape().with(axis, length));
  Real* to = y.writable();
  for (Index i = 0; i < Around(y.shape(), axis).outer; ++i)
    for (const Tensor& part : parts) {
      const Around from(part.shape(), axis);
      to = std::copy_n(part.data() + i * from.length * from.inner, from.length * from.inner, to);
    }
  return y;
}

Tensor flip(const Tensor& x, int axis) {
  const Around around(x.shape(), axis);
  const Index length = around.length, inner = around.inner, size = length * inner;
  Tensor y = Tensor::uninitialized(x.shape());
  Real* const to = y.writable();
  parallel_for_blocks(around.outer, std::max<Index>(1, 16384 / size), 0.5 * size, [&](Index begin, Index end) {
    for (Index o = begin; o < end; ++o)
      if (inner == 1)
        std::reverse_copy(x.data() + o * size, x.data() + (o + 1) * size, to + o * size);
      else
        for (Index i = 0; i < length; ++i)
          std::copy_n(x.data() + o * size + (length - 1 - i) * inner, inner, to + o * size + i * inner);
  });
  return y;
}

namespace {

struct Run {  // an axis of the result, or several that stay neighbours: strides in x and in the result
  Index length, from, to;
};

// In the order of the result; axes of length 1 do not matter.
std::vector<Run> runs_of(const Shape& shape, const std::vector<int>& axes) {
  std::vector<Run> runs;
  for (int axis : axes) {
    const Around around(shape, axis);
    if (around.length == 1) continue;
    if (!runs.empty() && runs.back().from == around.length * around.inner)
      runs.back() = {runs.back().length * around.length, around.inner, 1};
    else
      runs.push_back({around.length, around.inner, 1});
  }
  if (runs.empty()) runs.push_back({1, 1, 1});
  for (std::size_t i = runs.size() - 1; i > 0; --i) runs[i - 1].to = runs[i].to * runs[i].length;
  return runs;
}

}  // namespace

// Two axes matter: the last one of the result (`along`) and the one along which x is contiguous (`across`). If they are
// the same, rows are copied; otherwise each plane of the two is a matrix to be transposed.
Tensor permute(const Tensor& x, const std::vector<int>& axes) {
  std::vector<Run> others = runs_of(x.shape(), axes);
  const Run along = others.back();
  others.pop_back();
  Run across{1, 1, 1};
  if (along.from != 1) {
    const auto contiguous = std::find_if(others.begin(), others.end(), [](const Run& run) { return run.from == 1; });
    across = *contiguous;
    others.erase(contiguous);
  }
  Shape shape;
  for (int axis : axes) shape.append(x.shape()[axis]);
  Tensor y = Tensor::uninitialized(shape);
  Real* const to = y.writable();

  const Index block = along.from == 1 ? along.length : 64, blocks = (along.length + block - 1) / block,
              size = std::min(block, along.length) * across.length;
  const Index planes = y.size() / (along.length * across.length);
  parallel_for_blocks(planes * blocks, std::max<Index>(1, 8192 / size), 0.5 * size, [&](Index first, Index last) {
    for (Index task = first; task < last; ++task) {
      const Index begin = task % blocks * block, count = std::min(block, along.length - begin);
      Index plane = task / blocks, source = begin * along.from, target = begin;
      for (auto run = others.rbegin(); run != others.rend(); plane /= run->length, ++run) {
        source += plane % run->length * run->from;
        target += plane % run->length * run->to;
      }
      if (along.from == 1)
        std::copy_n(x.data() + source, count, to + target);
      else
        transpose(x.data() + source, along.from, count, across.length, to + target, across.to);
    }
  });
  return y;
}

namespace reference {
Tensor flip(const Tensor& x, int axis) {
  const Around around(x.shape(), axis);
  Tensor y = Tensor::uninitialized(x.shape());
  Real* to = y.writable();
  for (Index o = 0; o < around.outer; ++o)
    for (Index i = 0; i < around.length; ++i)
      for (Index k = 0; k < around.inner; ++k)
        *to++ = x[(o * around.length + around.length - 1 - i) * around.inner + k];
  return y;
}
Tensor permute(const Tensor& x, const std::vector<int>& axes) {
  Shape shape;
  for (int axis : axes) shape.append(x.shape()[axis]);
  Tensor y = Tensor::uninitialized(shape);
  Real* const to = y.writable();
  for (Index i = 0; i < y.size(); ++i) {
    Index source = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const Index entry = i / Around(shape, axis).inner % shape[axis];
      source += entry * Around(x.shape(), axes[axis]).inner;
    }
    to[i] = x[source];
  }
  return y;
}
}  // namespace reference

}  // namespace tapestry::kernels
