#include "autograd/kernels/elementwise.hpp"

#include <Eigen/Core>
#include <cmath>
#include <limits>

#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

// Numbers are taken 16 at a time, the odd ones at the end in a padded group of their own: so each number goes through
// the same vector instructions wherever in its tensor it stands, and its bits do not depend on its neighbours.
constexpr Index group = 16;
constexpr Index block = 1024 * group;  // what one thread does at a stretch
using Group = Eigen::Array<Real, group, 1>;
using Read = Eigen::Map<const Group, Eigen::Aligned64>;
using Write = Eigen::Map<Group, Eigen::Aligned64>;

Group padded(const Real* from, Index count) {
  Group g = Group::Ones();
  std::copy_n(from, count, g.data());
  return g;
}

// y = f(x), number by number
template <class F>
Tensor map(Tensor x, F f) {
  const Real* const from = x.data();
  Tensor y = x.recycle();
  Real* const to = y.writable();
  parallel_for_blocks(y.size(), block, 0.5, [=](Index begin, Index end) {
    Index i = begin;
    for (; i + group <= end; i += group) Write(to + i) = f(Read(from + i));
    if (i < end) {
      const Group rest = f(padded(from + i, end - i));
      std::copy_n(rest.data(), end - i, to + i);
    }
  });
  return y;
}

// y = f(a, b), number by number; f(a, b, c) likewise
template <class F, class... Others>
Tensor zip(F f, Tensor a, const Others&... others) {
  const Real* const from = a.data();
  Tensor y = a.recycle();
  Real* const to = y.writable();
  const Index size = y.size();
  parallel_for_blocks(size, block, 0.5, [&](Index begin, Index end) {
    Index i = begin;
    for (; i + group <= end; i += group) Write(to + i) = f(Read(from + i), Read(others.data() + i)...);
    if (i < end) {
      const Group rest = f(padded(from + i, end - i), padded(others.data() + i, end - i)...);
      std::copy_n(rest.data(), end - i, to + i);
    }
  });
  return y;
}

Group zeros() { return Group::Zero(); }
Group ones() { return Group::Ones(); }

}  // namespace

// clang-format off
Tensor add(Tensor a, const Tensor& b) { return zip([](auto a, auto b) { return a + b; }, std::move(a), b); }
Tensor subtract(Tensor a, const Tensor& b) { return zip([](auto a, auto b) { return a - b; }, std::move(a), b); }
Tensor multiply(Tensor a, const Tensor& b) { return zip([](auto a, auto b) { return a * b; }, std::move(a), b); }
Tensor divide(Tensor a, const Tensor& b) { return zip([](auto a, auto b) { return a / b; }, std::move(a), b); }
Tensor maximum(Tensor a, const Tensor& b) { return zip([](auto a, auto b) -> Group { return (a > b || a != a).select(a, b); }, std::move(a), b); }
Tensor greater(Tensor a, const Tensor& b) {
  return zip([](auto a, auto b) -> Group { return (a > b).select(ones(), (a == b).select(ones() / 2, zeros())); }, std::move(a), b);
}
Tensor where(Tensor condition, const Tensor& a, const Tensor& b) {
  return zip([](auto c, auto a, auto b) -> Group { return (c != Real(0)).select(a, b); }, std::move(condition), a, b);
}

Tensor add(Tensor x, Real c) { return map(std::move(x), [c](auto x) { return x + c; }); }
Tensor multiply(Tensor x, Real c) { return map(std::move(x), [c](auto x) { return x * c; }); }
Tensor divide(Real c, Tensor x) { return map(std::move(x), [c](auto x) { return c / x; }); }

Tensor log(Tensor x) { return map(std::move(x), [](auto x) { return x.log(); }); }
Tensor sqrt(Tensor x) { return map(std::move(x), [](auto x) { return x.sqrt(); }); }
Tensor tanh(Tensor x) { return map(std::move(x), [](auto x) { return x.tanh(); }); }
Tensor abs(Tensor x) { return map(std::move(x), [](auto x) { return x.abs(); }); }
// clang-format on

// Eigen's exp ends at the smallest normal number; below the logarithm of that the result is 0.
Tensor exp(Tensor x) {
  static const Real lowest = std::log(std::numeric_limits<Real>::min());
  return map(std::move(x), [lowest = lowest](auto x) -> Group { return (x < lowest).select(zeros(), x.exp()); });
}
Tensor pow(Tensor x, Real exponent) {
  if (exponent == 2) return map(std::move(x), [](auto x) { return x * x; });
  return map(std::move(x), [exponent](auto x) { return x.pow(exponent); });
}
// exp(-|x|) cannot overflow: 1 / (1 + exp(-|x|)) for x >= 0, and exp(-|x|) / (1 + exp(-|x|)) for x < 0
Tensor sigmoid(Tensor x) {
  return map(std::move(x), [](auto x) -> Group {
    const Group e = (-x.abs()).exp();
    return (x < Real(0)).select(e, ones()) / (e + Real(1));
  });
}
// max(x, 0) + log(1 + exp(-|x|))
Tensor softplus(Tensor x) {
  return map(std::move(x), [](auto x) -> Group { return x.max(zeros()) + (-x.abs()).exp().log1p(); });
}
Tensor relu(Tensor x) {
  return map(std::move(x), [](auto x) -> Group { return (x > Real(0) || x != x).select(x, zeros()); });
}
Tensor leaky_relu(Tensor x, Real slope) {
  return map(std::move(x), [slope](auto x) -> Group { return (x > Real(0)).select(x, x * slope); });
}
Tensor scale_where_not_positive(Tensor x, const Tensor& y, Real slope) {
  return zip([slope](auto x, auto y) -> Group { return (y > Real(0)).select(x, x * slope); }, std::move(x), y);
}
Tensor sign(Tensor x) {
  return map(std::move(x), [](auto x) -> Group {
    return (x > Real(0)).select(ones(), (x < Real(0)).select(-ones(), x));  // 0 and NaN stay what they are
  });
}
Tensor clamp(Tensor x, Real low, Real high) {
  return map(std::move(x), [=](auto x) -> Group {
    const Group g = x;
    return (g < low).select(low, (g > high).select(high, g));
  });
}
Tensor within(Tensor x, Real low, Real high) {
  return map(std::move(x), [=](auto x) -> Group { return (x >= low && x <= high).select(ones(), zeros()); });
}

}  // namespace tapestry::kernels
