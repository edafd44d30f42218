// Convolutions against plain loops in double, over random geometries; the three faces against one another; the rules
// for `same` against tables made with TensorFlow.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "autograd/kernels/convolution.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"
#include "tests/relative_error.hpp"

using namespace tapestry;

namespace {

constexpr bool in_double = sizeof(Real) == sizeof(double);

struct Problem {
  Shape x, w, y;  // (N,C,H,W) (O,C,R,S) (N,O,P,Q)
  Geometry k;
};

// Visits every triple of entries that meet in a convolution: visit(place in x, place in w, place in y).
template <class F>
void for_each_tap(const Problem& p, F visit) {
  const auto [x, w, y, k] = p;
  for (Index n = 0; n < y[0]; ++n)
    for (Index o = 0; o < y[1]; ++o)
      for (Index row = 0; row < y[2]; ++row)
        for (Index column = 0; column < y[3]; ++column)
          for (Index c = 0; c < w[1]; ++c)
            for (Index r = 0; r < w[2]; ++r)
              for (Index s = 0; s < w[3]; ++s) {
                const Index h = row * k.stride_h - k.top + r, v = column * k.stride_w - k.left + s;
                if (h < 0 || h >= x[2] || v < 0 || v >= x[3]) continue;
                visit(((n * x[1] + c) * x[2] + h) * x[3] + v, ((o * w[1] + c) * w[2] + r) * w[3] + s,
                      ((n * y[1] + o) * y[2] + row) * y[3] + column);
              }
}

// Of the largest value. Winograd's way is less exact than the others.
double tolerance(const Problem& p) {
  const auto [x, w, y, k] = p;
  const bool transformed = kernels::best_way({x[0], x[1], x[2], x[3], y[1], y[2], y[3], k}) == kernels::Way::winograd;
  return in_double ? 1e-12 : transformed ? 1e-5 : 2e-6;
}

using Doubles = std::vector<double>;
Doubles y_of(const Problem& p, const Tensor& x, const Tensor& w) {
  Doubles y(p.y.size());
  for_each_tap(p, [&](Index i, Index j, Index o) { y[o] += double(x[i]) * w[j]; });
  return y;
}
Doubles x_of(const Problem& p, const Tensor& y, const Tensor& w) {
  Doubles x(p.x.size());
  for_each_tap(p, [&](Index i, Index j, Index o) { x[i] += double(y[o]) * w[j]; });
  return x;
}
Doubles w_of(const Problem& p, const Tensor& x, const Tensor& y) {
  Doubles w(p.w.size());
  for_each_tap(p, [&](Index i, Index j, Index o) { w[j] += double(x[i]) * y[o]; });
  return w;
}
Index channel(const Shape& pictures, Index i) { return i / (pictures[2] * pictures[3]) % pictures[1]; }
Doubles with_bias(Doubles pictures, const Shape& shape, const Tensor& bias) {
  for (Index i = 0; i < shape.size(); ++i) pictures[i] += bias[channel(shape, i)];
  return pictures;
}
Doubles bias_gradient(const Tensor& g) {
  Doubles sums(g.shape()[1]);
  for (Index i = 0; i < g.size(); ++i) sums[channel(g.shape(), i)] += g[i];
  return sums;
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
  return sum;
}
double norm(const Tensor& t) { return std::sqrt(dot(t, t)); }

// Problem number i: kernels to 5, strides to 4, padding from -1 (bottom and right) to one more than the kernel. Two in
// four are of the kinds that have kernels of their own: few channels on either side, larger pictures (some lower than
// the kernel), small strides.
Problem random_problem(Index i) {
  const Random random = Random(11)(i);
  Index asked = 0;
  const auto between = [&](Index low, Index high) { return int(low + random.below(high - low + 1, asked++)); };
  const auto channels = [&](bool few, bool more, Index most, bool over_a_panel) -> Index {
    if (few) return between(1, 4);
    if (over_a_panel) return 65;
    if (i % 20 == 4) return 16;
    return more ? between(5, 9) : between(1, most);
  };
  const bool few_in = i % 4 == 1, few_out = i % 4 == 2, large = few_in || few_out, flat = i % 8 == 5;
  for (;;) {
    Geometry k{between(1, 5), between(1, 5), between(1, few_out ? 1 : few_in ? 2 : 4), between(1, few_out ? 1 : 4)};
    k.top = between(0, k.kernel_h + (few_out ? -1 : 1)), k.bottom = between(-1, k.kernel_h + 1);
    k.left = between(0, k.kernel_w + (few_out ? -1 : 1)), k.right = between(-1, k.kernel_w + 1);
    const Index H = flat ? between(1, 3) : between(large ? 9 : 1, large ? 17 : 12);
    const Index W = flat ? between(40, 70) : between(large ? 9 : 1, large ? 17 : 12);
    const Index P = k.windows_h(H), Q = k.windows_w(W);
    if (P < 1 || Q < 1) continue;
    const Index N = i % 20 == 7 ? 33 : i % 20 == 17 ? 65 : between(1, 5);
    const Index C = channels(few_in, few_out, N > 5 ? 3 : 9, i % 20 == 3),
                O = channels(few_out, few_in, N > 5 ? 3 : 9, i % 20 == 15);
    return {{N, C, H, W}, {O, C, k.kernel_h, k.kernel_w}, {N, O, P, Q}, k};
  }
}

std::string text(const Problem& p) { return p.x.text() + " " + p.w.text() + " " + p.y.text() + ", " + p.k.text(); }

struct Numbers {  // for one problem
  Tensor x, w, y, bias_o, bias_c;
};
Numbers numbers(const Problem& p, Index i) {
  const Random random = Random(13)(i);
  return {random("x").normal(p.x), random("w").normal(p.w), random("y").normal(p.y), random("o").normal({p.w[0]}),
          random("c").normal({p.w[1]})};
}

constexpr Index problems = 200;

void check(const Problem& p, const Tensor& got, const Doubles& expected, double size = 1e-30) {
  CHECK(relative_error(got, expected, size) <= tolerance(p));
}

}  // namespace

TEST_CASE("conv2d and its gradients against loops") {
  for (Index i = 0; i < problems; ++i) {
    const Problem p = random_problem(i);
    CAPTURE(i);
    CAPTURE(text(p));
    const auto [x, w, g, bias, other] = numbers(p, i);
    const Doubles y = y_of(p, x, w), dx = x_of(p, g, w), dw = w_of(p, x, g);
    CHECK(conv2d(x, w, p.k).shape() == p.y);
    check(p, conv2d(x, w, p.k).value(), y);
    check(p, conv2d(x, w, bias, p.k).value(), with_bias(y, p.y, bias));
    check(p, conv2d_weight_gradient(x, g, p.k).value(), dw);

    Tape tape;
    const Vars v = {tape.variable(x), tape.variable(w), tape.variable(bias)};
    const Vars plain = tape.gradient(sum(conv2d(v[0], v[1], p.k) * g), {v[0], v[1]});
    const Vars biased = tape.gradient(sum(conv2d(v[0], v[1], v[2], p.k) * g), v);
    for (const Vars& d : {plain, biased}) check(p, d[0].value(), dx), check(p, d[1].value(), dw);
    check(p, biased[2].value(), bias_gradient(g), norm(g));
  }
}

TEST_CASE("conv_transpose2d and its gradients against loops") {
  for (Index i = 0; i < problems; ++i) {
    const Problem p = random_problem(i);
    const Geometry k = p.k.fitted(p.x[2], p.x[3]);  // rows that no window reaches become negative padding
    CAPTURE(i);
    CAPTURE(text(p));
    const auto [g, w, x, other, bias] = numbers(p, i);
    const Doubles y = x_of(p, x, w), dx = y_of(p, g, w), dw = w_of(p, g, x);
    CHECK(conv_transpose2d(x, w, k).shape() == p.x);
    check(p, conv_transpose2d(x, w, k).value(), y);
    check(p, conv_transpose2d(x, w, bias, k).value(), with_bias(y, p.x, bias));

    Tape tape;
    const Vars v = {tape.variable(x), tape.variable(w), tape.variable(bias)};
    const Vars plain = tape.gradient(sum(conv_transpose2d(v[0], v[1], k) * g), {v[0], v[1]});
    const Vars biased = tape.gradient(sum(conv_transpose2d(v[0], v[1], v[2], k) * g), v);
    for (const Vars& d : {plain, biased}) check(p, d[0].value(), dx), check(p, d[1].value(), dw);
    check(p, biased[2].value(), bias_gradient(g), norm(g));
  }
}

TEST_CASE("one trilinear form with three faces") {
  for (Index i = 0; i < problems; ++i) {
    const Problem p = random_problem(i);
    CAPTURE(text(p));
    const auto [x, w, g, bias_o, bias_c] = numbers(p, i);
    const Tensor y = conv2d(x, w, p.k).value();
    const double bound = (in_double ? 1e-12 : 1e-5) * std::max(1.0, norm(g) * norm(y));
    CHECK(std::abs(dot(g, y) - dot(x, conv_transpose2d(g, w, p.k.fitted(p.x[2], p.x[3])).value())) <= bound);
    CHECK(std::abs(dot(g, y) - dot(w, conv2d_weight_gradient(x, g, p.k).value())) <= bound);
  }
}

TEST_CASE("convolution by hand") {
  const Tensor x({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}), w({1, 1, 2, 2}, {1, 2, 3, 4});
  const Geometry k = Geometry::square(2);
  // 1*1 + 2*2 + 3*4 + 4*5 = 37, one step right 47, one step down 67, both 77: no flip
  CHECK(conv2d(x, w, k).value().numbers() == std::vector<Real>{37, 47, 67, 77});
  CHECK(conv2d(x, w, Tensor({1}, 100), k).value().numbers() == std::vector<Real>{137, 147, 167, 177});
  // One window of padding above: its lower row meets 1 2 3.
  CHECK(conv2d(x, w, {2, 2, 2, 2, 1, 0, 0, 0}).value().numbers() == std::vector<Real>{11, 67});

  const Tensor y({1, 1, 2, 2}, {1, 2, 3, 4});  // each number stamps a multiple of the kernel
  CHECK(conv_transpose2d(y, w, Geometry::square(2, 2)).value().numbers() ==
        std::vector<Real>{1, 2, 2, 4, 3, 4, 6, 8, 3, 6, 4, 8, 9, 12, 12, 16});
  CHECK(conv_transpose2d(y, w, k).value().numbers() == std::vector<Real>{1, 4, 4, 6, 20, 16, 9, 24, 16});
  // output_padding adds a row and a column that nothing reaches: bias only.
  CHECK(conv_transpose2d(y, Tensor({1, 1, 1, 1}, 2), Tensor({1}, 10), Geometry::square(1, 2, 0, 1)).value().numbers() ==
        std::vector<Real>{12, 10, 14, 10, 10, 10, 10, 10, 16, 10, 18, 10, 10, 10, 10, 10});

  CHECK(conv2d_weight_gradient(x, Tensor({1, 1, 2, 2}, {1, 0, 0, -1}), k).value().numbers() ==
        std::vector<Real>{-4, -4, -4, -4});
}

TEST_CASE("same, as TensorFlow has it") {
  struct Line {
    int kernel, stride;
    Index size, windows;
    int before, after;
  };
  for (const auto [kernel, stride, size, windows, before, after] : {Line{3, 2, 28, 14, 0, 1},
                                                                    {4, 2, 28, 14, 1, 1},
                                                                    {5, 1, 28, 28, 2, 2},
                                                                    {5, 2, 28, 14, 1, 2},
                                                                    {3, 2, 7, 4, 1, 1},
                                                                    {4, 2, 7, 4, 1, 2},
                                                                    {5, 2, 7, 4, 2, 2},
                                                                    {3, 1, 7, 7, 1, 1},
                                                                    {7, 1, 28, 28, 3, 3},
                                                                    {2, 3, 9, 3, 0, 0},
                                                                    {4, 1, 8, 8, 1, 2},
                                                                    {1, 2, 5, 3, 0, 0}}) {
    const Geometry both = Geometry::same(kernel, kernel, stride, stride, size, size);
    const std::string text = both.text();
    CAPTURE(text);
    CHECK(both == Geometry{kernel, kernel, stride, stride, before, after, before, after});
    CHECK(both.windows_h(size) == windows);
    CHECK(both.windows_w(size) == windows);
  }
  CHECK(Geometry::same(3, 5, 2, 1, 28, 7) == Geometry{3, 5, 2, 1, 0, 1, 2, 2});
}

TEST_CASE("same for transposed convolutions, as TensorFlow has it") {
  struct Line {
    int kernel, stride, before, after;
  };
  for (const auto [kernel, stride, before, after] : {Line{3, 2, 0, 1},
                                                     {4, 2, 1, 1},
                                                     {5, 1, 2, 2},
                                                     {5, 2, 1, 2},
                                                     {2, 2, 0, 0},
                                                     {2, 3, 0, -1},
                                                     {1, 2, 0, -1},
                                                     {1, 4, 0, -3}}) {
    const Geometry both = Geometry::same_transposed(kernel, kernel, stride, stride);
    const std::string text = both.text();
    CAPTURE(text);
    CHECK(both == Geometry{kernel, kernel, stride, stride, before, after, before, after});
    for (Index n : {1, 4, 7}) CHECK(both.height(n) == n * stride);
    for (Index n : {1, 4, 7}) CHECK(both.width(n) == n * stride);
  }
  CHECK(Geometry::same_transposed(5, 1, 2, 4) == Geometry{5, 1, 2, 4, 1, 2, 0, -3});
}

TEST_CASE("geometry: sizes, fitting, text") {
  const Geometry dcgan = Geometry::square(4, 2, 1);
  CHECK(dcgan.windows_h(28) == 14);
  CHECK(dcgan.height(14) == 28);
  const Geometry pytorch = Geometry::square(5, 2, 2, 1);
  CHECK(pytorch.height(7) == 14);
  CHECK(pytorch.width(7) == 14);
  CHECK(pytorch.top == 2);
  CHECK(pytorch.bottom == 1);
  const Geometry k{3, 2, 2, 3, 1, 0, 0, 2}, fitted = k.fitted(8, 9);
  CHECK(fitted.height(k.windows_h(8)) == 8);
  CHECK(fitted.width(k.windows_w(9)) == 9);
  CHECK(fitted.windows_h(8) == k.windows_h(8));
  CHECK(fitted.windows_w(9) == k.windows_w(9));
  CHECK(Geometry::square(3).windows_h(2) == 0);
  CHECK(k.text() == "kernel 3x2, stride 2x3, padding 1 0 0 2 (top bottom left right)");
}
