// Wrong shapes and ranges are errors that name the operation and what came.
#include <doctest/doctest.h>

#include <functional>

#include "autograd/error.hpp"
#include "autograd/losses.hpp"
#include "autograd/ops.hpp"

using namespace tapestry;

namespace {
Tensor zeros(Shape shape) { return Tensor(shape, 0); }
void refuses(const std::function<Var()>& operation, const std::string& text) {
  CHECK_THROWS_WITH_AS(operation(), text.c_str(), Error);
}
}  // namespace

TEST_CASE("arithmetic refuses shapes that do not broadcast") {
  const Var a = zeros({2, 3}), b = zeros({2}), c = zeros({4, 3});
  const std::string rest = "; expected equal lengths, or 1, on each axis, counted from the last; reshape() one of them";
  refuses([&] { return a + b; }, "add: got shapes (2, 3) and (2)" + rest);
  refuses([&] { return a - c; }, "subtract: got shapes (2, 3) and (4, 3)" + rest);
  refuses([&] { return b * a; }, "multiply: got shapes (2) and (2, 3)" + rest);
  refuses([&] { return a / b; }, "divide: got shapes (2, 3) and (2)" + rest);
  refuses([&] { return max(a, c); }, "max: got shapes (2, 3) and (4, 3)" + rest);
  refuses([&] { return where(zeros({2, 3}), a, c); }, "where: got shapes (2, 3) and (4, 3)" + rest);
  refuses(
      [&] {
        return broadcast_to(a, {3, 2});
      },
      "broadcast_to: got shape (2, 3) for (3, 2); expected equal lengths, or 1, on each axis, counted from the last; "
      "reshape() it first");
  refuses([&] { return broadcast_to(a, {3}); },
          "broadcast_to: got shape (2, 3) for (3); expected equal lengths, or 1, on each axis, counted from the last; "
          "reshape() it first");
  refuses([&] { return sum_to(a, {2}); },
          "sum_to: got shape (2, 3) for (2); expected equal lengths, or 1, on each axis, counted from the last; "
          "reshape() it first");
}

TEST_CASE("options out of range") {
  const Var x = zeros({2, 3});
  refuses([&] { return leaky_relu(x, -1); },
          "leaky_relu: got a slope of -1; expected 0 or more, so that y keeps the sign of x");
  refuses([&] { return clamp(x, 2, 1); }, "clamp: got bounds 2 and 1; expected the lower one first");
  refuses([&] { return bce_with_logits(x, Real(1.5)); },
          "bce_with_logits: got a target of 1.5; expected 0 (fake) to 1 (real)");
  refuses([&] { return bce_on_probabilities(x, -1); },
          "bce_on_probabilities: got a target of -1; expected 0 (fake) to 1 (real)");
}

TEST_CASE("shaping refuses axes and sizes that do not exist") {
  const Var x = zeros({2, 3});
  refuses([&] { return sum(x, {2}); }, "sum: got axis 2 for shape (2, 3); expected -2 to 1");
  refuses([&] { return sum(x, {-3}); }, "sum: got axis -3 for shape (2, 3); expected -2 to 1");
  refuses([&] { return slice(x, 2, 0, 1); }, "slice: got axis 2 for shape (2, 3); expected -2 to 1");
  refuses([&] { return slice(x, 1, 2, 4); },
          "slice: got 2 to 4 of axis 1 of shape (2, 3); expected 0 <= begin < end <= 3");
  refuses([&] { return slice(x, 1, 2, 2); },
          "slice: got 2 to 2 of axis 1 of shape (2, 3); expected 0 <= begin < end <= 3");
  refuses([&] { return pad(x, 0, -1, 0); }, "pad: got -1 before and 0 after; expected 0 or more of each");
  refuses([&] { return reshape(x, {4}); }, "reshape: got (2, 3), which has 6 numbers; (4) has 4");
  refuses([&] { return transpose(zeros({2})); }, "transpose: got shape (2); expected a matrix (M, N)");
  refuses([&] { return flatten(zeros({})); }, "flatten: got one number without axes; expected (N, ...)");
  refuses([&] { return concat({}, 0); }, "concat: got no parts; expected at least one");
  refuses(
      [&] {
        return concat({x, zeros({2, 4})}, 0);
      },
      "concat: got shapes (2, 3) and (2, 4); expected them to differ on axis 0 only");
}

TEST_CASE("products refuse matrices that do not fit") {
  const std::string rest = "; expected (M, K) and (K, N); transpose() one of them?";
  refuses([] { return matmul(zeros({2, 3}), zeros({2, 3})); }, "matmul: got (2, 3) and (2, 3)" + rest);
  refuses(
      [] {
        return matmul(zeros({2, 3}), zeros({3, 2}), Product::abT);
      },
      "matmul: got (2, 3) and (3, 2) transposed" + rest);
  refuses(
      [] {
        return matmul(zeros({2, 3}), zeros({3, 2}), Product::aTb);
      },
      "matmul: got (2, 3) transposed and (3, 2)" + rest);
  refuses(
      [] {
        return linear(zeros({2, 3}), zeros({4, 3}), zeros({3}));
      },
      "linear: got input (2, 3), weight (4, 3) and bias (3); expected (N, in), (out, in) and (out)");
  refuses(
      [] {
        return batch_norm(zeros({2, 3}), zeros({2}), zeros({3}), 1).y;
      },
      "batch_norm: got input (2, 3), gamma (2) and beta (3); expected (N, C) or (N, C, H, W), (C) and (C)");
}

TEST_CASE("convolutions refuse what does not fit") {
  const Geometry k = Geometry::square(3);
  const std::string text = "kernel 3x3, stride 1x1, padding 0 0 0 0 (top bottom left right)";
  refuses(
      [&] {
        return conv2d(zeros({1, 3, 8, 8}), zeros({4, 2, 3, 3}), k);
      },
      ("conv2d: got input (1, 3, 8, 8) and weight (4, 2, 3, 3) for " + text +
       "; expected (N, C, H, W) and (O, C, R, S) with the same C and the kernel's R and S"));
  refuses(
      [&] {
        return conv2d(zeros({1, 2, 2, 8}), zeros({4, 2, 3, 3}), k);
      },
      ("conv2d: got input (1, 2, 2, 8) and " + text + "; expected a padded picture that holds the kernel; pad more"));
  refuses(
      [&] {
        return conv2d(zeros({1, 2, 8, 8}), zeros({4, 2, 3, 3}), zeros({2}), k);
      },
      "conv2d: got a bias of shape (2); expected (4), one for each channel");
  refuses(
      [&] {
        return conv_transpose2d(zeros({1, 2, 8, 8}), zeros({4, 2, 3, 3}), k);
      },
      ("conv_transpose2d: got input (1, 2, 8, 8) and weight (4, 2, 3, 3) for " + text +
       "; expected (N, O, P, Q) and (O, C, R, S) with the same O and the kernel's R and S"));
  refuses(
      [&] {
        return conv_transpose2d(zeros({1, 4, 1, 1}), zeros({4, 2, 3, 3}), Geometry::square(3, 1, 2));
      },
      "conv_transpose2d: got input (1, 4, 1, 1) and kernel 3x3, stride 1x1, padding 2 2 2 2 (top bottom left right); "
      "expected an output of at least 1 x 1; pad less");
  refuses(
      [&] {
        return conv2d_weight_gradient(zeros({1, 2, 8, 8}), zeros({1, 4, 5, 6}), k);
      },
      ("conv2d_weight_gradient: got (1, 2, 8, 8) and (1, 4, 5, 6) for " + text + "; expected (1, 4, 6, 6) there"));
  refuses(
      [&] {
        return conv2d(zeros({1, 2, 8, 8}), zeros({4, 2, 3, 3}), {3, 3, 0, 1});
      },
      "conv2d: got kernel 3x3, stride 0x1, padding 0 0 0 0 (top bottom left right); expected a kernel and a stride of "
      "1 "
      "or more, and no negative padding at the top or left");
}
