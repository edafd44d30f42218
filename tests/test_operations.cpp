// What operations compute: examples small enough to check by hand, and plain loops over random shapes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "autograd/ops.hpp"
#include "autograd/random.hpp"
#include "tests/relative_error.hpp"

using namespace tapestry;

namespace {

const double tolerance = sizeof(Real) == sizeof(double) ? 1e-14 : 2e-6;  // of the largest value
using Numbers = std::vector<Real>;

Numbers of(const Var& y) { return y.value().numbers(); }
Tensor vector(Numbers numbers) { return Tensor({Index(numbers.size())}, numbers); }

// The place in `small` that entry i of `big` comes from: shapes aligned at the last axis, axes of length 1 repeat.
Index source(const Shape& big, const Shape& small, Index i) {
  Index from = 0, step = 1;
  for (int axis = 1; axis <= small.rank(); i /= big[-axis], step *= small[-axis], ++axis)
    if (small[-axis] != 1) from += i % big[-axis] * step;
  return from;
}

// Random numbers below a bound, one after another.
struct Dice {
  Random random;
  Index thrown = 0;
  Index below(Index bound) { return random.below(bound, thrown++); }
  Shape shape(int rank, Index longest) {
    Shape s;
    while (s.rank() < rank) s.append(1 + below(longest));
    return s;
  }
};
// `big` with axes dropped in front and some others of length 1.
Shape shrunk(const Shape& big, Dice& dice) {
  Shape small;
  for (int axis = int(dice.below(big.rank() + 1)); axis < big.rank(); ++axis)
    small.append(dice.below(3) ? big[axis] : 1);
  return small;
}

void check_function(const std::string& name, Var f(Var), double reference(double), double low, double high) {
  CAPTURE(name);
  const Tensor x = Random(5)("x").uniform({1000}, Real(low), Real(high));
  std::vector<double> expected;
  for (Real v : x.numbers()) expected.push_back(reference(v));
  CHECK(relative_error(f(x).value(), expected) <= tolerance);
}

}  // namespace

TEST_CASE("arithmetic by hand") {
  const Var a = vector({1, 2, 4}), b = vector({4, -2, 8});
  CHECK(of(a + b) == Numbers{5, 0, 12});
  CHECK(of(a - b) == Numbers{-3, 4, -4});
  CHECK(of(a * b) == Numbers{4, -4, 32});
  CHECK(of(a / b) == Numbers{Real(0.25), -1, Real(0.5)});
  CHECK(of(a + Real(2)) == Numbers{3, 4, 6});
  CHECK(of(Real(2) + a) == Numbers{3, 4, 6});
  CHECK(of(a - Real(2)) == Numbers{-1, 0, 2});
  CHECK(of(Real(2) - a) == Numbers{1, 0, -2});
  CHECK(of(a * Real(2)) == Numbers{2, 4, 8});
  CHECK(of(Real(2) * a) == Numbers{2, 4, 8});
  CHECK(of(a / Real(2)) == Numbers{Real(0.5), 1, 2});
  CHECK(of(Real(2) / a) == Numbers{2, 1, Real(0.5)});
  CHECK(of(-a) == Numbers{-1, -2, -4});
}

TEST_CASE("broadcasting by hand") {
  const Var rows = Tensor({2, 3}, {1, 2, 3, 4, 5, 6}), row = vector({10, 20, 30}), column = Tensor({2, 1}, {100, 200});
  CHECK(of(rows + row) == Numbers{11, 22, 33, 14, 25, 36});
  CHECK(of(column - rows) == Numbers{99, 98, 97, 196, 195, 194});
  CHECK((column + row).shape() == Shape{2, 3});
  CHECK(of(column + row) == Numbers{110, 120, 130, 210, 220, 230});
  CHECK(of(rows * Var(Tensor({}, 2))) == Numbers{2, 4, 6, 8, 10, 12});
  CHECK(of(broadcast_to(column, {2, 2})) == Numbers{100, 100, 200, 200});
  CHECK(of(sum_to(rows, {3})) == Numbers{5, 7, 9});
  CHECK(of(sum_to(rows, {2, 1})) == Numbers{6, 15});
  CHECK(of(sum_to(rows, {})) == Numbers{21});
}

TEST_CASE("broadcasting against loops, over random shapes") {
  Dice dice{Random(1)};
  for (Index i = 0; i < 200; ++i) {
    const Shape big = dice.shape(1 + int(dice.below(5)), i % 10 == 9 ? 20 : 4);
    Shape left = shrunk(big, dice), right = shrunk(big, dice);
    if (i % 3 == 0) (i % 2 ? left : right) = big;
    CAPTURE(left.text());
    CAPTURE(right.text());
    const Tensor a = Random(2)(i).uniform(left, 1, 2), b = Random(3)(i).uniform(right, 1, 2),
                 x = Random(4)(i).normal(big);
    Shape both;  // of the result, by the rule
    for (int axis = std::max(left.rank(), right.rank()); axis >= 1; --axis)
      both.append(std::max(axis <= left.rank() ? left[-axis] : 1, axis <= right.rank() ? right[-axis] : 1));
    const auto expected = [&](auto f) {
      std::vector<double> y;
      for (Index k = 0; k < both.size(); ++k)
        y.push_back(f(double(a[source(both, left, k)]), double(b[source(both, right, k)])));
      return y;
    };
    CHECK((Var(a) + Var(b)).shape() == both);
    CHECK(relative_error((Var(a) + Var(b)).value(), expected([](double p, double q) { return p + q; })) <= tolerance);
    CHECK(relative_error((Var(a) - Var(b)).value(), expected([](double p, double q) { return p - q; })) <=
          tolerance * 10);
    CHECK(relative_error((Var(a) * Var(b)).value(), expected([](double p, double q) { return p * q; })) <= tolerance);
    CHECK(relative_error((Var(a) / Var(b)).value(), expected([](double p, double q) { return p / q; })) <= tolerance);
    CHECK(relative_error(max(a, b).value(), expected([](double p, double q) { return std::max(p, q); })) <= tolerance);

    std::vector<double> repeated, summed(left.size());
    for (Index k = 0; k < big.size(); ++k)
      repeated.push_back(a[source(big, left, k)]), summed[source(big, left, k)] += x[k];
    CHECK(relative_error(broadcast_to(a, big).value(), repeated) == 0);
    CHECK(sum_to(x, left).shape() == left);
    CHECK(relative_error(sum_to(x, left).value(), summed) <=
          tolerance * 10);  // sums of positive and negative numbers cancel
  }
}

TEST_CASE("functions of one number, against the standard library") {
  check_function("exp", exp, std::exp, -5, 5);
  check_function("log", log, std::log, 0.01, 10);
  check_function("sqrt", sqrt, std::sqrt, 0, 10);
  check_function("tanh", tanh, std::tanh, -5, 5);
  check_function(
      "sigmoid", sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -10, 10);
  check_function(
      "softplus", softplus, [](double x) { return std::log1p(std::exp(x)); }, -10, 10);
  check_function("abs", abs, std::abs, -3, 3);
  check_function(
      "relu", relu, [](double x) { return std::max(x, 0.0); }, -3, 3);
  check_function(
      "sign", sign, [](double x) { return x > 0 ? 1.0 : -1.0; }, -3, 3);
  for (double exponent : {-2.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 3.7}) {
    CAPTURE(exponent);
    const Tensor x = Random(5)("x").uniform({100}, Real(0.5), 3);
    std::vector<double> expected;
    for (Real v : x.numbers()) expected.push_back(std::pow(double(v), double(Real(exponent))));
    CHECK(relative_error(pow(x, Real(exponent)).value(), expected) <= tolerance);
  }
}

TEST_CASE("functions of one number, by hand and far out") {
  const Tensor x = vector({-2, 0, 3});
  CHECK(of(relu(x)) == Numbers{0, 0, 3});
  CHECK(of(leaky_relu(x, Real(0.25))) == Numbers{Real(-0.5), 0, 3});
  CHECK(of(leaky_relu(x, 2)) == Numbers{-4, 0, 3});
  CHECK(of(abs(x)) == Numbers{2, 0, 3});
  CHECK(of(sign(x)) == Numbers{-1, 0, 1});
  CHECK(of(clamp(x, -1, 2)) == Numbers{-1, 0, 2});
  CHECK(of(max(x, vector({1, 0, 2}))) == Numbers{1, 0, 3});
  CHECK(of(where(vector({1, 0, -5}), x, vector({7, 8, 9}))) == Numbers{-2, 8, 3});
  CHECK(of(pow(x, 2)) == Numbers{4, 0, 9});
  CHECK(relative_error(pow(x, 3).value(), {-8, 0, 27}) <= tolerance);
  CHECK(exp(Tensor({}, 0)).item() == 1);
  CHECK(exp(Tensor({}, -10000)).item() < 1e-37);
  CHECK(of(tanh(vector({-10000, 0, 10000}))) == Numbers{-1, 0, 1});
  CHECK(of(sigmoid(vector({0, 10000}))) == Numbers{Real(0.5), 1});
  CHECK(sigmoid(Tensor({}, -10000)).item() < 1e-37);
  CHECK(of(softplus(vector({60, 10000}))) == Numbers{60, 10000});
  CHECK(std::abs(softplus(Tensor({}, -10000)).item()) < 1e-37);  // not 0 where exp ends at the smallest normal numbers
  CHECK(softplus(Tensor({}, -20)).item() == doctest::Approx(std::log1p(std::exp(-20.0))).epsilon(1e-5));
  CHECK(sigmoid(Tensor({}, -20)).item() == doctest::Approx(std::exp(-20.0)).epsilon(1e-5));
  CHECK(std::isnan(tanh(Tensor({}, NAN)).item()));
  CHECK(std::isnan(leaky_relu(Tensor({}, NAN), Real(0.2)).item()));
}

TEST_CASE("sums and means") {
  const Tensor x({2, 3}, {1, 2, 3, 4, 5, 6}), cube({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(sum(x).item() == 21);
  CHECK(mean(x).item() == Real(3.5));
  CHECK(sum(x).shape() == Shape{});
  CHECK(of(sum(x, {0})) == Numbers{5, 7, 9});
  CHECK(of(sum(x, {1})) == Numbers{6, 15});
  CHECK(of(mean(x, {-1})) == Numbers{2, 5});
  CHECK(of(sum(cube, {1})) == Numbers{4, 6, 12, 14});
  CHECK(sum(cube, {1}).shape() == Shape{2, 2});
  CHECK(of(sum(cube, {0, 2})) == Numbers{14, 22});
  CHECK(of(mean(cube, {2, 0})) == Numbers{Real(3.5), Real(5.5)});
  CHECK(sum(cube, {0, 1, 2}).item() == 36);
}

TEST_CASE("sums along axes against loops, over random shapes") {
  Dice dice{Random(6)};
  for (Index i = 0; i < 200; ++i) {
    const Shape shape = dice.shape(1 + int(dice.below(4)), i % 10 == 9 ? 40 : 5);
    std::vector<int> axes;
    Shape with_ones, left;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const bool summed = dice.below(2);
      with_ones.append(summed ? 1 : shape[axis]);
      if (!summed) left.append(shape[axis]);
      if (summed) axes.push_back(dice.below(2) ? axis : axis - shape.rank());
    }
    if (axes.empty()) continue;
    CAPTURE(shape.text());
    CAPTURE(left.text());
    const Tensor x = Random(7)(i).uniform(shape, 0, 1);
    std::vector<double> sums(left.size()), means;
    for (Index k = 0; k < shape.size(); ++k) sums[source(shape, with_ones, k)] += x[k];
    for (double s : sums) means.push_back(s * double(left.size()) / double(shape.size()));
    CHECK(sum(x, axes).shape() == left);
    CHECK(relative_error(sum(x, axes).value(), sums) <= tolerance);
    CHECK(relative_error(mean(x, axes).value(), means) <= tolerance);
  }
  double total = 0;
  const Tensor many = Random(8).uniform({100, 1000}, 0, 1);
  for (Real v : many.numbers()) total += v;
  CHECK(relative_error(sum(many).value(), {total}) <= tolerance);
}

TEST_CASE("shaping") {
  const Tensor x({2, 3}, {1, 2, 3, 4, 5, 6}), cube({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(reshape(x, {3, 2}).shape() == Shape{3, 2});
  CHECK(of(reshape(x, {3, 2})) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(flatten(cube).shape() == Shape{2, 4});
  CHECK(transpose(x).shape() == Shape{3, 2});
  CHECK(of(transpose(x)) == Numbers{1, 4, 2, 5, 3, 6});
  CHECK(of(slice(x, 0, 1, 2)) == Numbers{4, 5, 6});
  CHECK(of(slice(x, 1, 1, 3)) == Numbers{2, 3, 5, 6});
  CHECK(of(slice(cube, 1, 0, 1)) == Numbers{1, 2, 5, 6});
  CHECK(slice(cube, -1, 0, 1).shape() == Shape{2, 2, 1});
  CHECK(of(pad(x, 0, 1, 0)) == Numbers{0, 0, 0, 1, 2, 3, 4, 5, 6});
  CHECK(of(pad(x, -1, 1, 2)) == Numbers{0, 1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0});
  CHECK(of(concat({x, x}, 0)) == Numbers{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  CHECK(of(concat({x, Tensor({2, 1}, {8, 9})}, 1)) == Numbers{1, 2, 3, 8, 4, 5, 6, 9});
  CHECK(concat({cube, cube, cube}, 1).shape() == Shape{2, 6, 2});
  for (int axis : {0, 1, 2}) {  // slice undoes concat and pad
    const Tensor other = Random(9).normal({2, 2, 2});
    CHECK(of(slice(concat({cube, other}, axis), axis, 2, 4)) == other.numbers());
    CHECK(of(slice(pad(other, axis, 3, 1), axis, 3, 5)) == other.numbers());
  }
}

TEST_CASE("products by hand and against loops") {
  const Tensor a({2, 2}, {1, 2, 3, 4}), b({2, 2}, {5, 6, 7, 8});
  CHECK(of(matmul(a, b)) == Numbers{19, 22, 43, 50});
  CHECK(of(matmul(a, b, Product::abT)) == Numbers{17, 23, 39, 53});
  CHECK(of(matmul(a, b, Product::aTb)) == Numbers{26, 30, 38, 44});
  CHECK(of(linear(a, b, vector({100, 200}))) == Numbers{117, 223, 139, 253});
  Dice dice{Random(10)};
  for (Index i = 0; i < 100; ++i) {
    const Index longest = i % 10 == 9 ? 200 : 20, M = 1 + dice.below(longest),
                K = i == 0 ? 1500 : 1 + dice.below(longest), N = 1 + dice.below(longest);
    CAPTURE(Shape({M, K, N}).text());
    const Tensor left = Random(11)(i).normal({M, K}), right = Random(12)(i).normal({K, N}),
                 bias = Random(13)(i).normal({N});
    std::vector<double> product(M * N), shifted;
    for (Index m = 0; m < M; ++m)
      for (Index n = 0; n < N; ++n)
        for (Index k = 0; k < K; ++k) product[m * N + n] += double(left[m * K + k]) * right[k * N + n];
    for (Index k = 0; k < M * N; ++k) shifted.push_back(product[k] + bias[k % N]);
    const double allowed = tolerance * 10;  // sums of positive and negative numbers cancel
    CHECK(relative_error(matmul(left, right).value(), product) <= allowed);
    CHECK(relative_error(matmul(left, transpose(right), Product::abT).value(), product) <= allowed);
    CHECK(relative_error(matmul(transpose(left), right, Product::aTb).value(), product) <= allowed);
    CHECK(relative_error(linear(left, transpose(right), bias).value(), shifted) <= allowed);
  }
}

TEST_CASE("log_softmax") {
  const Numbers y = of(log_softmax(Tensor({2, 2}, {0, 0, 10000, -10000})));
  CHECK(y[0] == doctest::Approx(std::log(0.5)));
  CHECK(y[1] == y[0]);
  CHECK(y[2] == 0);
  CHECK(y[3] == -20000);
  const Tensor x = Random(14).normal({7, 5}, 0, 3);
  std::vector<double> expected;
  for (Index n = 0; n < 7; ++n) {
    double total = 0;
    for (Index f = 0; f < 5; ++f) total += std::exp(double(x[n * 5 + f]));
    for (Index f = 0; f < 5; ++f) expected.push_back(x[n * 5 + f] - std::log(total));
  }
  CHECK(relative_error(log_softmax(x).value(), expected) <= tolerance);
}

TEST_CASE("batch_norm") {
  const Tensor x({4, 2}, {1, 10, 3, 10, 5, 30, 7, 30});  // means 4 and 20, variances 5 and 100
  const BatchNormed normed = batch_norm(x, vector({1, 2}), vector({0, 5}), 0);
  CHECK(normed.mean.numbers() == Numbers{4, 20});
  CHECK(normed.variance.numbers() == Numbers{5, 100});
  const double s = std::sqrt(5.0);
  CHECK(relative_error(normed.y.value(), {-3 / s, 3, -1 / s, 3, 1 / s, 7, 3 / s, 7}) <= tolerance);
  const Tensor far = Random(15).normal({64, 2, 8, 8}, 10000, 1);  // E[x^2] - E[x]^2 would have no digit left in float
  const BatchNormed pictures = batch_norm(far, vector({1, 1}), vector({0, 0}), Real(1e-3));
  for (Index c : {0, 1}) {
    double mean = 0, variance = 0;
    for (Index i = 0; i < far.size(); ++i) mean += i / 64 % 2 == c ? far[i] / 4096.0 : 0;
    for (Index i = 0; i < far.size(); ++i) variance += i / 64 % 2 == c ? (far[i] - mean) * (far[i] - mean) / 4096 : 0;
    CHECK(pictures.mean[c] == doctest::Approx(mean).epsilon(1e-6));
    CHECK(pictures.variance[c] == doctest::Approx(variance).epsilon(1e-4));
  }
}
