// Operations along axes, over windows and by rows: examples by hand, plain loops, conventions, and refusals.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "autograd/error.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"
#include "tests/relative_error.hpp"

using namespace tapestry;

namespace {

const double tolerance = sizeof(Real) == sizeof(double) ? 1e-14 : 2e-6;  // of the largest value
using Numbers = std::vector<Real>;

Numbers of(const Var& y) { return y.value().numbers(); }

// dL/dx of L = <f(x), g>
Numbers gradient(const std::function<Var(Var)>& f, const Tensor& at, const Tensor& g) {
  Tape tape;
  const Var x = tape.variable(at);
  return of(tape.gradient(sum(f(x) * g), {x}, {.zeros_where_unreached = true})[0]);
}

void refuses(const std::function<Var()>& operation, const std::string& text) {
  CHECK_THROWS_WITH_AS(operation(), text.c_str(), Error);
}
Tensor zeros(Shape shape) { return Tensor(shape, 0); }

const Tensor cube({2, 2, 2}, {1, 8, 3, 4, 5, 2, 7, 6});

}  // namespace

TEST_CASE("max and min along axes") {
  CHECK(of(max(cube, {0})) == Numbers{5, 8, 7, 6});
  CHECK(of(max(cube, {1})) == Numbers{3, 8, 7, 6});
  CHECK(of(max(cube, {-1})) == Numbers{8, 4, 5, 7});
  CHECK(max(cube, {1}).shape() == Shape{2, 2});
  CHECK(of(max(cube, {0, 2})) == Numbers{8, 7});
  CHECK(of(max(cube, {0, 1, 2})) == Numbers{8});
  CHECK(max(cube, {0, 1, 2}).shape() == Shape{});
  CHECK(of(min(cube, {0})) == Numbers{1, 2, 3, 4});
  CHECK(of(min(cube, {1, 2})) == Numbers{1, 2});
  CHECK(of(min(cube, Tensor({2}, {4, 3}))) == Numbers{1, 3, 3, 3, 4, 2, 4, 3});
  const Tensor with_nan({2, 2}, {1, NAN, 2, 3});
  CHECK(std::isnan(max(with_nan, {1}).value()[0]));
  CHECK(std::isnan(min(with_nan, {0}).value()[1]));
  CHECK(of(min(with_nan, {1}))[1] == 2);
  CHECK(std::isnan(min(with_nan, Tensor({}, 0)).value()[1]));
  refuses([] { return max(cube, {3}); }, "max: got axis 3 for shape (2, 2, 2); expected -3 to 2");
  refuses([] { return max(cube, {1, -2}); }, "max: got axis 1 of shape (2, 2, 2) twice; expected each axis once");
}

TEST_CASE("the largest entries share the gradient equally") {
  const Tensor x({2, 3}, {4, 4, 1, 4, 0, 2});
  CHECK(gradient([](Var x) { return max(x, {1}); }, x, Tensor({2}, {6, 5})) == Numbers{3, 3, 0, 5, 0, 0});
  CHECK(gradient([](Var x) { return max(x, {0}); }, x, Tensor({3}, {6, 5, 1})) == Numbers{3, 5, 0, 3, 0, 1});
  CHECK(gradient([](Var x) { return max(x, {0, 1}); }, x, Tensor({}, 6)) == Numbers{2, 2, 0, 2, 0, 0});
  CHECK(gradient([](Var x) { return min(x, {1}); }, Tensor({1, 3}, {7, 7, 9}), Tensor({1}, 4)) == Numbers{2, 2, 0});
  CHECK(gradient(
            [](Var x) {
              return min(x, Tensor({2}, {3, 5}));
            },
            Tensor({2}, {3, 4}), Tensor({2}, {2, 2})) == Numbers{1, 2});
}

TEST_CASE("norm, and its slope of 0 at the zero vector") {
  const Tensor x({2, 2}, {3, 4, 0, 0});
  CHECK(of(norm(x, {1})) == Numbers{5, 0});
  CHECK(of(norm(x, {0})) == Numbers{3, 4});
  CHECK(of(norm(cube, {0, 1, 2}))[0] == doctest::Approx(std::sqrt(204.0)));
  CHECK(gradient([](Var x) { return norm(x, {1}); }, x, Tensor({2}, {10, 10})) == Numbers{6, 8, 0, 0});
  Tape tape;  // and so are the further ones
  const Var zero = tape.variable(Tensor({2}, 0));
  const Var slope = tape.gradient(norm(zero, {0}), {zero}, {.record = true})[0];
  const Var second = tape.gradient(sum(slope * Tensor({2}, {1, 2})), {zero}, {.record = true})[0];
  CHECK(of(second) == Numbers{0, 0});
  CHECK(of(tape.gradient(sum(second), {zero}, {.zeros_where_unreached = true})[0]) == Numbers{0, 0});
}

TEST_CASE("softmax and log_softmax along any axis") {
  const Tensor x = Random(14).normal({3, 4, 2}, 0, 3);
  for (int axis : {0, 1, 2, -1}) {
    CAPTURE(axis);
    const Index length = x.shape()[axis], inner = axis == 0 ? 8 : axis == 1 ? 2 : 1;
    std::vector<double> p, log_p;
    for (Index i = 0; i < x.size(); ++i) {
      const Index first = i - i / inner % length * inner;
      double total = 0;
      for (Index k = 0; k < length; ++k) total += std::exp(double(x[first + k * inner]));
      p.push_back(std::exp(double(x[i])) / total);
      log_p.push_back(x[i] - std::log(total));
    }
    CHECK(relative_error(softmax(x, axis).value(), p) <= tolerance);
    CHECK(relative_error(log_softmax(x, axis).value(), log_p) <= tolerance);
  }
  const Tensor far({2, 2}, {10000, -10000, -10000, -10000});
  CHECK(of(softmax(far)) == Numbers{1, 0, Real(0.5), Real(0.5)});
  CHECK(of(log_softmax(far))[1] == -20000);
  CHECK(of(softmax(far, 0)) == Numbers{1, Real(0.5), 0, Real(0.5)});
  refuses([] { return log_softmax(zeros({2}), 1); }, "log_softmax: got axis 1 for shape (2); expected -1 to 0");
  refuses([] { return softmax(zeros({2}), -2); }, "softmax: got axis -2 for shape (2); expected -1 to 0");
}

TEST_CASE("permute and flip") {
  CHECK(of(permute(cube, {2, 0, 1})) == Numbers{1, 3, 5, 7, 8, 4, 2, 6});
  CHECK(permute(zeros({2, 3, 4}), {-1, 0, 1}).shape() == Shape{4, 2, 3});
  CHECK(of(flip(cube, {0})) == Numbers{5, 2, 7, 6, 1, 8, 3, 4});
  CHECK(of(flip(cube, {1, -1})) == Numbers{4, 3, 8, 1, 6, 7, 2, 5});
  CHECK(of(flip(cube, {})) == cube.numbers());
  refuses(
      [] {
        return permute(cube, {0, 1});
      },
      "permute: got axes {0, 1} for shape (2, 2, 2); expected each of its axes once");
  refuses(
      [] {
        return permute(cube, {0, 1, -2});
      },
      "permute: got axes {0, 1, 1} for shape (2, 2, 2); expected each of its axes once");
  refuses([] { return permute(cube, {0, 1, 3}); }, "permute: got axis 3 for shape (2, 2, 2); expected -3 to 2");
  refuses([] { return flip(cube, {3}); }, "flip: got axis 3 for shape (2, 2, 2); expected -3 to 2");
}

TEST_CASE("pad2d, and where with a condition of its own shape") {
  CHECK(of(pad2d(Tensor({1, 1, 1, 2}, {1, 2}), 1, 0, 2, 1)) == Numbers{0, 0, 0, 0, 0, 0, 0, 1, 2, 0});
  const Tensor rows({2, 1}, {1, 0}), a({3}, {1, 2, 3}), b({}, 9);
  CHECK(of(where(rows, a, b)) == Numbers{1, 2, 3, 9, 9, 9});
  CHECK(of(where(Tensor({2, 3}, {0, 1, 0, 1, 0, 1}), b, a)) == Numbers{1, 9, 3, 9, 2, 9});
  CHECK(gradient([&](Var x) { return where(rows, x, b); }, a, Tensor({2, 3}, {1, 2, 3, 4, 5, 6})) == Numbers{1, 2, 3});
}

TEST_CASE("matmul of batches") {
  const Tensor a({2, 1, 2}, {1, 2, 3, 4}), b({2, 2, 1}, {1, 10, 100, 1000}), one({2, 1}, {1, 10});
  CHECK(of(matmul(a, b)) == Numbers{21, 4300});
  CHECK(of(matmul(a, one)) == Numbers{21, 43});
  CHECK(matmul(a, one).shape() == Shape{2, 1, 1});
  CHECK(of(matmul(a, a, Product::abT)) == Numbers{5, 25});
  CHECK(of(matmul(one, b, Product::aTb)) == Numbers{101, 10100});
  const Tensor left = Random(15)("a").normal({2, 1, 4, 3}), right = Random(15)("b").normal({5, 3, 2});
  std::vector<double> expected;  // (2, 5, 4, 2)
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 5; ++j)
      for (Index m = 0; m < 4; ++m)
        for (Index n = 0; n < 2; ++n) {
          double sum = 0;
          for (Index k = 0; k < 3; ++k) sum += double(left[(i * 4 + m) * 3 + k]) * right[(j * 3 + k) * 2 + n];
          expected.push_back(sum);
        }
  CHECK(relative_error(matmul(left, right).value(), expected) <= 10 * tolerance);
  CHECK(relative_error(matmul(permute(left, {0, 1, 3, 2}), right, Product::aTb).value(), expected) <= 10 * tolerance);
  CHECK(relative_error(matmul(left, permute(right, {0, 2, 1}), Product::abT).value(), expected) <= 10 * tolerance);
  CHECK(matmul(zeros({5, 1, 2, 3}), zeros({4, 3, 6})).shape() == Shape{5, 4, 2, 6});
  CHECK(matmul(zeros({2, 3}), zeros({4, 3, 6})).shape() == Shape{4, 2, 6});
  CHECK(matmul(zeros({5, 4, 2, 3}), zeros({6, 3}), Product::abT).shape() == Shape{5, 4, 2, 6});
  refuses(
      [] {
        return matmul(zeros({2, 3, 4}), zeros({2, 3, 4}));
      },
      "matmul: got (2, 3, 4) and (2, 3, 4); expected (M, K) and (K, N); transpose() one of them?");
  refuses(
      [] {
        return matmul(zeros({3}), zeros({3, 4}));
      },
      "matmul: got (3) and (3, 4); expected (M, K) and (K, N); transpose() one of them?");
  refuses(
      [] {
        return matmul(zeros({2, 3, 4}), zeros({3, 4, 5}));
      },
      "matmul, leading axes: got shapes (2) and (3); expected equal lengths, or 1, on each axis, counted from the "
      "last; reshape() one of them");
}

TEST_CASE("average pooling divides by the pixels under the window, or by all of the kernel") {
  const Tensor x({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}), ones({1, 1, 2, 2}, 1);
  const Geometry padded{2, 2, 2, 2, 1, 0, 1, 0};  // one row on top, one column on the left
  CHECK(of(avg_pool2d(x, padded)) == Numbers{1, Real(2.5), Real(5.5), 7});
  CHECK(of(avg_pool2d(x, padded, true)) == Numbers{Real(0.25), Real(1.25), Real(2.75), 7});
  CHECK(of(avg_pool2d(x, Geometry::square(2))) == Numbers{3, 4, 6, 7});
  CHECK(of(avg_pool2d(x, Geometry::square(2, 2))) == Numbers{3});
  CHECK(of(avg_pool2d(x, {1, 3, 1, 1})) == Numbers{2, 5, 8});
  CHECK(of(avg_pool2d(x, Geometry::same(2, 2, 2, 2, 3, 3))) == Numbers{3, Real(4.5), Real(7.5), 9});  // as Keras has it
  CHECK(gradient([&](Var x) { return avg_pool2d(x, padded); }, x, Tensor({1, 1, 2, 2}, {1, 4, 8, 16})) ==
        Numbers{1, 2, 2, 4, 4, 4, 4, 4, 4});
}

TEST_CASE("max pooling: padding does not take part, the first of several takes the gradient, NaN stays") {
  const Tensor x({1, 1, 3, 3}, {-1, -2, -3, -4, -5, -5, -7, -5, -5});
  const Geometry padded{2, 2, 2, 2, 1, 0, 1, 0};
  CHECK(of(max_pool2d(x, padded)) == Numbers{-1, -2, -4, -5});
  CHECK(gradient([&](Var x) { return max_pool2d(x, padded); }, x, Tensor({1, 1, 2, 2}, {1, 2, 3, 4})) ==
        Numbers{1, 2, 0, 3, 4, 0, 0, 0, 0});
  const Geometry overlapping = Geometry::square(2);
  const Tensor peak({1, 1, 3, 3}, {0, 0, 0, 0, 9, 0, 0, 0, 0});
  CHECK(gradient([&](Var x) { return max_pool2d(x, overlapping); }, peak, Tensor({1, 1, 2, 2}, {1, 2, 3, 4})) ==
        Numbers{0, 0, 0, 0, 10, 0, 0, 0, 0});
  const Numbers y = of(max_pool2d(Tensor({1, 1, 2, 4}, {1, NAN, 3, 4, 5, 6, 7, 8}), Geometry::square(2, 2)));
  CHECK(std::isnan(y[0]));
  CHECK(y[1] == 8);
  CHECK(std::isnan(of(avg_pool2d(Tensor({1, 1, 1, 2}, {1, NAN}), {1, 2, 1, 1}))[0]));
}

TEST_CASE("pooling and upsampling refuse what does not fit") {
  const std::string rest =
      "; expected a kernel and a stride of 1 or more, and a padding from 0 to less than the kernel";
  refuses(
      [] {
        return max_pool2d(zeros({1, 1, 4, 4}), Geometry::square(2, 2, 2));
      },
      "max_pool2d: got kernel 2x2, stride 2x2, padding 2 2 2 2 (top bottom left right)" + rest);
  refuses(
      [] {
        return avg_pool2d(zeros({1, 1, 4, 4}), {2, 2, 0, 1});
      },
      "avg_pool2d: got kernel 2x2, stride 0x1, padding 0 0 0 0 (top bottom left right)" + rest);
  refuses([] { return window_sum(zeros({1, 4, 4}), {}); }, "window_sum: got (1, 4, 4); expected pictures (N, C, H, W)");
  refuses(
      [] {
        return avg_pool2d(zeros({1, 1, 2, 4}), Geometry::square(3));
      },
      "avg_pool2d: got input (1, 1, 2, 4) and kernel 3x3, stride 1x1, padding 0 0 0 0 (top bottom left right); "
      "expected a padded picture that holds the kernel; pad more");
  refuses(
      [] {
        return window_take(zeros({1, 1, 2, 2}), zeros({1, 1, 2, 1}), Geometry::square(2));
      },
      "window_take: got taps (1, 1, 2, 1); expected (1, 1, 1, 1), one for each window");
  refuses(
      [] {
        return upsample(zeros({1, 1, 2, 2}), 0, 2);
      },
      "upsample: got factors 0 and 2; expected 1 or more of each");
  refuses([] { return global_avg_pool(zeros({2, 2})); }, "global_avg_pool: got (2, 2); expected pictures (N, C, H, W)");
}

TEST_CASE("global average pooling and upsampling") {
  const Tensor x({1, 2, 1, 2}, {1, 3, 10, 30});
  CHECK(of(global_avg_pool(x)) == Numbers{2, 20});
  CHECK(global_avg_pool(x).shape() == Shape{1, 2});
  CHECK(of(upsample(x, 2, 1)) == Numbers{1, 3, 1, 3, 10, 30, 10, 30});
  CHECK(of(upsample(x, 1, 3)) == Numbers{1, 1, 1, 3, 3, 3, 10, 10, 10, 30, 30, 30});
  CHECK(upsample(x, 2, 3).shape() == Shape{1, 2, 2, 6});
  CHECK(gradient([](Var x) { return upsample(x, 2, 2); }, Tensor({1, 1, 1, 2}, {0, 0}),
                 Tensor({1, 1, 2, 4}, {1, 2, 3, 4, 10, 20, 30, 40})) == Numbers{33, 77});
}

TEST_CASE("embedding and scatter_rows") {
  const Tensor w({3, 2}, {1, 2, 3, 4, 5, 6}), numbers({2, 2}, {2, 0, 2, 1});
  CHECK(embedding(w, numbers).shape() == Shape{2, 2, 2});
  CHECK(of(embedding(w, numbers)) == Numbers{5, 6, 1, 2, 5, 6, 3, 4});
  CHECK(gradient([&](Var w) { return embedding(w, numbers); }, w, Tensor({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})) ==
        Numbers{3, 4, 7, 8, 6, 8});
  CHECK(of(scatter_rows(Tensor({2, 1}, {7, 8}), Tensor({2}, {3, 3}), 4)) == Numbers{0, 0, 0, 15});
  const std::string rest = " as the number of a row; expected a whole number from 0 to 2";
  refuses([&] { return embedding(w, Tensor({1}, 3)); }, "embedding: got 3" + rest);
  refuses([&] { return embedding(w, Tensor({1}, -1)); }, "embedding: got -1" + rest);
  refuses([&] { return embedding(w, Tensor({1}, Real(0.5))); }, "embedding: got 0.5" + rest);
  refuses([&] { return embedding(w, Tensor({1}, NAN)); }, "embedding: got nan" + rest);
  refuses([&] { return scatter_rows(w, zeros({3}), 0); },
          "scatter_rows: got 0 as the number of a row; expected a whole number from 0 to -1");
  refuses([&] { return embedding(zeros({3}), numbers); },
          "embedding: got a weight of shape (3); expected (K, F), a row for each number");
  refuses([&] { return scatter_rows(w, numbers, 4); },
          "scatter_rows: got rows (3, 2) and numbers (2, 2); expected a number for each row");
}

TEST_CASE("layer_norm: each sample by itself") {
  const Tensor x({2, 1, 2, 2}, {1, 3, 5, 7, 10, 10, 30, 30}), gamma({2, 2}, {1, 2, 1, 1}), beta({2, 2}, {0, 0, 5, 0});
  const double s = std::sqrt(5.0);  // mean 4, variance 5; mean 20, variance 100
  CHECK(relative_error(layer_norm(x, gamma, beta, 0).value(), {-3 / s, -2 / s, 1 / s + 5, 3 / s, -1, -2, 6, 1}) <=
        tolerance);
  const Tensor rows({2, 2}, {1, 3, 5, 25});
  const double e = std::sqrt(1 + 1e-5), f = std::sqrt(100 + 1e-5);
  CHECK(relative_error(layer_norm(rows, Tensor({2}, 1), zeros({2})).value(), {-1 / e, 1 / e, -10 / f, 10 / f}) <=
        tolerance * 10);
  const std::string rest = "; expected gamma and beta of one shape, that of the last axes of the input";
  refuses([&] { return layer_norm(rows, zeros({3}), zeros({3})); },
          "layer_norm: got input (2, 2), gamma (3) and beta (3)" + rest);
  refuses([&] { return layer_norm(rows, zeros({2}), zeros({1})); },
          "layer_norm: got input (2, 2), gamma (2) and beta (1)" + rest);
  refuses([&] { return layer_norm(rows, zeros({}), zeros({})); },
          "layer_norm: got input (2, 2), gamma () and beta ()" + rest);
}

TEST_CASE("elu and silu") {
  const Tensor x({3}, {-1, 0, 2});
  CHECK(relative_error(elu(x).value(), {std::expm1(-1.0), 0, 2}) <= tolerance);
  CHECK(gradient([](Var x) { return elu(x); }, Tensor({2}, {0, 2}), Tensor({2}, {3, 3})) == Numbers{3, 3});
  CHECK(relative_error(silu(x).value(), {-1 / (1 + std::exp(1.0)), 0, 2 / (1 + std::exp(-2.0))}) <= tolerance);
}
