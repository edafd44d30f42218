// Kernels along axes, over windows, of batches of matrices and of rows, against their plain twins over random shapes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "autograd/kernels/matrix.hpp"
#include "autograd/kernels/pooling.hpp"
#include "autograd/kernels/reduction.hpp"
#include "autograd/kernels/rows.hpp"
#include "autograd/kernels/shaping.hpp"
#include "autograd/random.hpp"

using namespace tapestry;
using kernels::Windows;
namespace reference = kernels::reference;

namespace {

using Numbers = std::vector<Real>;

struct Dice {
  Random random;
  Index thrown = 0;
  int between(Index low, Index high) { return int(low + random.below(high - low + 1, thrown++)); }
};

// -3 ... 3: sums of these are exact in any order, and many of them are equal.
Tensor whole_numbers(Shape shape, Random random) {
  const Tensor uniform = random.uniform(shape, Real(-3.5), Real(3.5));
  Tensor t = Tensor::uninitialized(shape);
  for (Index i = 0; i < t.size(); ++i) t.writable()[i] = std::round(uniform[i]);
  return t;
}

// In how many places two tensors differ; two NaN do not.
Index differing(const Tensor& got, const Tensor& expected) {
  if (got.shape() != expected.shape()) return std::max(got.size(), expected.size());
  Index count = 0;
  for (Index i = 0; i < got.size(); ++i)
    count += !(got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i])));
  return count;
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
  return sum;
}

Shape random_shape(Dice& dice, int most_axes, int longest) {
  Shape shape;
  for (int rank = dice.between(1, most_axes); shape.rank() < rank;) shape.append(dice.between(1, longest));
  return shape;
}

// With NaN in some places.
Tensor spoiled(const Tensor& x, Dice& dice) {
  Tensor y(x.shape(), x.numbers());
  for (int i = dice.between(0, 2); i > 0; --i) y.writable()[dice.between(0, y.size() - 1)] = NAN;
  return y;
}

}  // namespace

TEST_CASE("kernels: maximum_along") {
  for (Index i = 0; i < 150; ++i) {
    Dice dice{Random(61)(i)};
    Shape shape = random_shape(dice, 4, 6);
    if (i % 5 == 0) shape = shape.with(dice.between(0, shape.rank() - 1), dice.between(15, 70));
    if (i % 25 == 1) shape = {dice.between(2, 5), dice.between(1000, 2100)};
    const int axis = dice.between(0, shape.rank() - 1);
    CAPTURE(shape.text());
    CAPTURE(axis);
    const Tensor x = spoiled(Random(62)(i).normal(shape), dice);
    CHECK(differing(kernels::maximum_along(x, axis), reference::maximum_along(x, axis)) == 0);
  }
  const Tensor x({2, 3}, {1, 5, 2, -3, -2, NAN});
  const Tensor rows = reference::maximum_along(x, 1), columns = reference::maximum_along(x, 0);
  CHECK(rows.shape() == Shape{2, 1});
  CHECK(rows[0] == 5);
  CHECK(std::isnan(rows[1]));
  CHECK(columns.shape() == Shape{1, 3});
  CHECK(columns[0] == 1);
  CHECK(columns[1] == 5);
  CHECK(std::isnan(columns[2]));
}

TEST_CASE("kernels: flip") {
  for (Index i = 0; i < 80; ++i) {
    Dice dice{Random(63)(i)};
    const Shape shape = random_shape(dice, 4, 7);
    const int axis = dice.between(0, shape.rank() - 1);
    CAPTURE(shape.text());
    CAPTURE(axis);
    const Tensor x = Random(64)(i).normal(shape);
    CHECK(differing(kernels::flip(x, axis), reference::flip(x, axis)) == 0);
  }
  const Tensor x({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(reference::flip(x, 0).numbers() == Numbers{4, 5, 6, 1, 2, 3});
  CHECK(reference::flip(x, 1).numbers() == Numbers{3, 2, 1, 6, 5, 4});
}

TEST_CASE("kernels: permute") {
  for (Index i = 0; i < 250; ++i) {
    Dice dice{Random(65)(i)};
    Shape shape = random_shape(dice, 6, i % 10 == 9 ? 5 : 4);
    for (int k = i % 3; k > 0; --k) shape = shape.with(dice.between(0, shape.rank() - 1), dice.between(5, 70));
    if (shape.size() > 200000) continue;
    std::vector<int> axes;
    for (int axis = 0; axis < shape.rank(); ++axis) axes.insert(axes.begin() + dice.between(0, axis), axis);
    CAPTURE(shape.text());
    CAPTURE(i);
    const Tensor x = Random(66)(i).normal(shape);
    CHECK(differing(kernels::permute(x, axes), reference::permute(x, axes)) == 0);
  }
  const Tensor x({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(reference::permute(x, {2, 0, 1}).shape() == Shape{3, 1, 2});
  CHECK(reference::permute(x, {2, 0, 1}).numbers() == Numbers{1, 4, 2, 5, 3, 6});
}

TEST_CASE("kernels: matmul of batches, leading axes broadcast") {
  for (Index i = 0; i < 120; ++i) {
    Dice dice{Random(67)(i)};
    const int longest = i % 10 == 9 ? 130 : 20;
    const Index M = dice.between(1, longest), N = dice.between(1, longest), K = dice.between(1, longest);
    const bool aT = i & 1, bT = i & 2;
    Shape both = random_shape(dice, 3, 4), a, b;
    const int missing = dice.between(0, both.rank());
    for (int axis = 0; axis < both.rank(); ++axis) {
      const int who = dice.between(0, 3);
      const bool a_only = axis < missing && i % 2, b_only = axis < missing && i % 2 == 0;
      if (!b_only) a.append(who == 1 && !a_only ? 1 : both[axis]);
      if (!a_only) b.append(who == 2 && !b_only ? 1 : both[axis]);
    }
    a.append(aT ? K : M), a.append(aT ? M : K), b.append(bT ? N : K), b.append(bT ? K : N);
    CAPTURE(a.text());
    CAPTURE(b.text());
    CAPTURE(i);
    const Tensor x = whole_numbers(a, Random(68)(i)), y = whole_numbers(b, Random(69)(i));
    const Tensor product = reference::matmul(x, aT, y, bT);
    both.append(M), both.append(N);
    CHECK(product.shape() == both);
    CHECK(differing(kernels::matmul(x, aT, y, bT), product) == 0);
  }
  // Two matrices by one, and one by two.
  const Tensor two({2, 1, 2}, {1, 2, 3, 4}), one({2, 2}, {1, 0, 10, 100});
  CHECK(reference::matmul(two, false, one, false).numbers() == Numbers{21, 200, 43, 400});
  CHECK(reference::matmul(one, false, two, true).numbers() == Numbers{1, 210, 3, 430});
}

namespace {
Windows random_windows(Dice& dice) {
  for (;;) {
    Geometry g{dice.between(1, 4), dice.between(1, 4), dice.between(1, 4), dice.between(1, 4)};
    g.top = dice.between(0, g.kernel_h - 1), g.bottom = dice.between(0, g.kernel_h - 1);
    g.left = dice.between(0, g.kernel_w - 1), g.right = dice.between(0, g.kernel_w - 1);
    const Index H = dice.between(1, 11), W = dice.between(1, 11), P = g.windows_h(H), Q = g.windows_w(W);
    if (P >= 1 && Q >= 1) return {dice.between(1, 3), dice.between(1, 4), H, W, P, Q, g.fitted(H, W)};
  }
}
}  // namespace

TEST_CASE("kernels: windows, against loops over every tap") {
  for (Index i = 0; i < 300; ++i) {
    Dice dice{Random(71)(i)};
    const Windows k = random_windows(dice);
    CAPTURE(k.big().text());
    CAPTURE(k.g.text());
    const Tensor x = whole_numbers(k.big(), Random(72)(i)), y = whole_numbers(k.small(), Random(73)(i));
    const Tensor sums = reference::window_sum(k, x), spread = reference::window_spread(k, y);
    CHECK(differing(kernels::window_sum(k, x), sums) == 0);
    CHECK(differing(kernels::window_spread(k, y), spread) == 0);
    CHECK(dot(sums, y) == dot(x, spread));
    const Tensor some_nan = spoiled(x, dice), taps = reference::window_argmax(k, some_nan);
    CHECK(differing(kernels::window_argmax(k, some_nan), taps) == 0);
    const Tensor taken = reference::window_take(k, x, taps), put = reference::window_put(k, y, taps);
    CHECK(differing(kernels::window_take(k, x, taps), taken) == 0);
    CHECK(differing(kernels::window_put(k, y, taps), put) == 0);
    CHECK(dot(taken, y) == dot(x, put));
  }
  // By hand: 2x2 windows, stride 2, one row of padding on top and one column on the left, on 3 x 3.
  const Windows k{1, 1, 3, 3, 2, 2, Geometry{2, 2, 2, 2, 1, 0, 1, 0}};
  const Tensor x({1, 1, 3, 3}, {1, 2, 3, 4, 6, 6, 7, 8, 5}), y({1, 1, 2, 2}, {1, 2, 3, 4});
  CHECK(reference::window_sum(k, x).numbers() == Numbers{1, 5, 11, 25});
  CHECK(reference::window_spread(k, y).numbers() == Numbers{1, 2, 2, 3, 4, 4, 3, 4, 4});
  const Tensor taps = reference::window_argmax(k, x);
  CHECK(taps.numbers() == Numbers{3, 3, 3, 2});
  CHECK(reference::window_take(k, x, taps).numbers() == Numbers{1, 3, 7, 8});
  CHECK(reference::window_put(k, y, taps).numbers() == Numbers{1, 0, 2, 0, 0, 0, 3, 4, 0});
}

TEST_CASE("kernels: the largest of a window, where several are or one is NaN") {
  const auto tap = [](const Numbers& window) {
    return kernels::window_argmax({1, 1, 2, 2, 1, 1, Geometry::square(2, 2)}, Tensor({1, 1, 2, 2}, window)).item();
  };
  CHECK(tap({5, 5, 5, 5}) == 0);
  CHECK(tap({1, 5, 5, 2}) == 1);
  CHECK(tap({-7, -9, -8, -7}) == 0);
  CHECK(tap({1, 2, NAN, 9}) == 2);
  CHECK(tap({NAN, 2, NAN, 9}) == 0);
  CHECK(tap({-INFINITY, -INFINITY, -INFINITY, -1}) == 3);
}

TEST_CASE("kernels: gather_rows and scatter_rows") {
  for (Index i = 0; i < 60; ++i) {
    Dice dice{Random(74)(i)};
    const Index K = dice.between(1, 12), F = dice.between(1, 20),
                n = i % 4 == 0 ? dice.between(60, 300) : dice.between(1, 40);
    Tensor numbers({n}, 0);
    for (Index k = 0; k < n; ++k) numbers.writable()[k] = static_cast<Real>(dice.between(0, K - 1));
    const Tensor x = whole_numbers({K, F}, Random(75)(i)), y = whole_numbers({n, F}, Random(76)(i));
    const Tensor rows = reference::gather_rows(x, numbers), sums = reference::scatter_rows(y, numbers, K);
    CHECK(differing(kernels::gather_rows(x, numbers), rows) == 0);
    CHECK(differing(kernels::scatter_rows(y, numbers, K), sums) == 0);
    CHECK(dot(rows, y) == dot(x, sums));
  }
  const Tensor numbers({3}, {2, 0, 2}), y({3, 2}, {1, 2, 3, 4, 5, 6});
  CHECK(reference::scatter_rows(y, numbers, 4).numbers() == Numbers{3, 4, 0, 0, 6, 8, 0, 0});
  CHECK(reference::gather_rows(Tensor({3, 1}, {7, 8, 9}), numbers).numbers() == Numbers{9, 7, 9});
}
