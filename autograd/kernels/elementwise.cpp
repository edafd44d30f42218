#include "autograd/kernels/elementwise.hpp"

#include <Eigen/Core>
#include <cmath>
#include <limits>

#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

constexpr Index block = 16 * 1024;   // numbers that one thread does at a stretch
constexpr double nanoseconds = 0.5;  // for one number, roughly

// y[i] = f(x[i]) and y[i] = f(a[i], b[i]...). For f made of comparisons and single operations that IEEE 754 rounds in
// one way only: then vectors and odd numbers at the end give the same bits.
template <class F, class... Others>
Tensor map(Tensor x, F f, const Others&... others) {
  const Real* const from = x.data();
  Tensor y = x.recycle();
  Real* const to = y.writable();
  parallel_for_blocks(y.size(), block, nanoseconds, [&, f](Index begin, Index end) {
    [=](auto*... other) {
#pragma omp simd
      for (Index i = begin; i < end; ++i) to[i] = f(from[i], other[i]...);
    }(others.data()...);
  });
  return y;
}

// The same for exp, log and their like, which Eigen computes for whole vectors. Numbers are taken 16 at a time, the odd
// ones at the end in a padded group of their own: so each goes through the same instructions wherever it stands, and
// its bits do not depend on its neighbours.
constexpr Index group = 16;
using Group = Eigen::Array<Real, group, 1>;

template <class F>
Tensor map_groups(Tensor x, F f) {
  const Real* const from = x.data();
  Tensor y = x.recycle();
  Real* const to = y.writable();
  parallel_for_blocks(y.size(), block, 4 * nanoseconds, [=](Index begin, Index end) {
    Index i = begin;
    for (; i + group <= end; i += group)
      Eigen::Map<Group, Eigen::Aligned64>(to + i) = f(Eigen::Map<const Group, Eigen::Aligned64>(from + i));
    if (i == end) return;
    Group odd = Group::Ones();
    std::copy_n(from + i, end - i, odd.data());
    odd = f(odd);
    std::copy_n(odd.data(), end - i, to + i);
  });
  return y;
}

}  // namespace

Tensor add(Tensor a, const Tensor& b) {
  return map(
      std::move(a), [](Real a, Real b) { return a + b; }, b);
}
Tensor subtract(Tensor a, const Tensor& b) {
  return map(
      std::move(a), [](Real a, Real b) { return a - b; }, b);
}
Tensor multiply(Tensor a, const Tensor& b) {
  return map(
      std::move(a), [](Real a, Real b) { return a * b; }, b);
}
Tensor divide(Tensor a, const Tensor& b) {
  return map(
      std::move(a), [](Real a, Real b) { return a / b; }, b);
}
Tensor maximum(Tensor a, const Tensor& b) {
  return map(
      std::move(a), [](Real a, Real b) { return a > b || a != a ? a : b; }, b);  // a NaN stays
}
Tensor greater(Tensor a, const Tensor& b) {
  return map(
      std::move(a), [](Real a, Real b) { return a > b    ? Real(1)
                                                : a == b ? Real(0.5)
                                                         : Real(0); }, b);
}
Tensor equal(Tensor a, const Tensor& b) {
  return map(
      std::move(a), [](Real a, Real b) { return a == b ? Real(1) : Real(0); }, b);
}
Tensor where(Tensor condition, const Tensor& a, const Tensor& b) {
  return map(
      std::move(condition), [](Real c, Real a, Real b) { return c != 0 ? a : b; }, a, b);
}

Tensor add(Tensor x, Real c) {
  return map(std::move(x), [c](Real x) { return x + c; });
}
Tensor multiply(Tensor x, Real c) {
  return map(std::move(x), [c](Real x) { return x * c; });
}
Tensor divide(Real c, Tensor x) {
  return map(std::move(x), [c](Real x) { return c / x; });
}
Tensor sqrt(Tensor x) {
  return map(std::move(x), [](Real x) { return std::sqrt(x); });
}
Tensor abs(Tensor x) {
  return map(std::move(x), [](Real x) { return std::abs(x); });
}
Tensor sign(Tensor x) {
  return map(std::move(x), [](Real x) { return x > 0 ? Real(1) : x < 0 ? Real(-1) : x; });
}
Tensor clamp(Tensor x, Real low, Real high) {
  return map(std::move(x), [=](Real x) { return x < low ? low : x > high ? high : x; });
}
Tensor within(Tensor x, Real low, Real high) {
  return map(std::move(x), [=](Real x) { return x >= low && x <= high ? Real(1) : Real(0); });
}

// Eigen's exp ends at the smallest normal number; below the logarithm of that the result is 0.
Tensor exp(Tensor x) {
  const Real lowest = std::log(std::numeric_limits<Real>::min());
  return map_groups(std::move(x), [=](auto x) -> Group { return (x < lowest).select(Real(0), x.exp()); });
}
Tensor log(Tensor x) {
  return map_groups(std::move(x), [](auto x) { return x.log(); });
}
Tensor expm1(Tensor x) {
  return map_groups(std::move(x), [](auto x) { return x.expm1(); });
}
Tensor log1p(Tensor x) {
  return map_groups(std::move(x), [](auto x) { return x.log1p(); });
}
Tensor sin(Tensor x) {
  return map_groups(std::move(x), [](auto x) { return x.sin(); });
}
Tensor cos(Tensor x) {
  return map_groups(std::move(x), [](auto x) { return x.cos(); });
}
Tensor tanh(Tensor x) {
  return map_groups(std::move(x), [](auto x) { return x.tanh(); });
}
Tensor pow(Tensor x, Real exponent) {
  if (exponent == 2) return map(std::move(x), [](Real x) { return x * x; });
  return map_groups(std::move(x), [exponent](auto x) { return x.pow(exponent); });
}
// exp(-|x|) cannot overflow: 1 / (1 + exp(-|x|)) for x >= 0, and exp(-|x|) / (1 + exp(-|x|)) for x < 0
Tensor sigmoid(Tensor x) {
  return map_groups(std::move(x), [](auto x) -> Group {
    const Group e = (-x.abs()).exp();
    return (x < Real(0)).select(e, Group::Ones()) / (e + Real(1));
  });
}
// max(x, 0) + log(1 + exp(-|x|))
Tensor softplus(Tensor x) {
  return map_groups(std::move(x), [](auto x) -> Group { return x.max(Real(0)) + (-x.abs()).exp().log1p(); });
}

}  // namespace tapestry::kernels
