// Kernels against their plain twins. Where a kernel only adds and multiplies, it is fed small whole numbers: every
// partial sum is then exact, in float too, and whatever the order of summation the results must be equal.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/error.hpp"
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/kernels/picture_columns.hpp"
#include "autograd/kernels/reduction.hpp"
#include "autograd/kernels/shaping.hpp"
#include "autograd/kernels/table_product.hpp"
#include "autograd/random.hpp"
#include "tests/convolution_ways.hpp"
#include "tests/relative_error.hpp"

using namespace tapestry;
using kernels::Convolution;

namespace {

using Numbers = std::vector<Real>;

// Random numbers from `low` to `high`, one after another.
struct Dice {
  Random random;
  Index thrown = 0;
  int between(Index low, Index high) { return int(low + random.below(high - low + 1, thrown++)); }
  template <std::size_t n>
  Index one_of(const int (&numbers)[n]) {
    return numbers[between(0, n - 1)];
  }
};

Tensor whole_numbers(Shape shape, Random random) {  // -3 ... 3
  const Tensor uniform = random.uniform(shape, Real(-3.5), Real(3.5));
  Tensor t = Tensor::uninitialized(shape);
  for (Index i = 0; i < t.size(); ++i) t.writable()[i] = std::round(uniform[i]);
  return t;
}

// In how many places two tensors differ; NaN differs from everything.
Index differing(const Tensor& got, const Tensor& expected) {
  if (got.shape() != expected.shape()) return std::max(got.size(), expected.size());
  Index count = 0;
  for (Index i = 0; i < got.size(); ++i) count += !(got[i] == expected[i]);
  return count;
}

// The largest difference, as a share of the largest value; NaN counts as infinite.
double difference(const Tensor& got, const Tensor& expected) {
  if (got.shape() != expected.shape()) return INFINITY;
  return relative_error(got, std::vector<double>(expected.data(), expected.data() + expected.size()), 1);
}
constexpr double tolerance = sizeof(Real) == sizeof(double) ? 1e-13 : 1e-5;

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
  return sum;
}

// What is special about a random convolution.
enum Kind { plain, few_in_big, few_in_small, many_channels, many_pictures, flat, wide_stride, wide_padding, kinds };

Convolution random_convolution(Index i) {
  Dice dice{Random(21)(i)};
  const Kind kind = Kind(i % kinds);
  const bool few_big = kind == few_in_big || (kind == wide_stride && i % 16 >= kinds), few_small = kind == few_in_small;
  for (;;) {
    Geometry g{dice.between(1, 5), dice.between(1, 5), dice.between(1, few_big ? 2 : 4),
               dice.between(1, few_big || kind == flat ? 2 : 4)};
    if (few_small) g.stride_h = g.stride_w = 1;
    if (kind == wide_stride) g = {dice.between(1, 2), dice.between(1, 3), dice.between(3, 5), dice.between(4, 5)};
    const bool beyond = kind == wide_padding;
    g.top = beyond ? dice.between(g.kernel_h, 2 * g.kernel_h) : dice.between(0, g.kernel_h);
    g.left = beyond ? dice.between(g.kernel_w, 2 * g.kernel_w) : dice.between(0, g.kernel_w);
    g.bottom = dice.between(-1, g.kernel_h + 1), g.right = dice.between(-1, g.kernel_w + 1);
    const auto length = [&] {
      if (kind == wide_stride) return dice.between(20, 45);
      if (few_big || few_small) return dice.between(9, 17);
      return dice.between(1, kind == many_pictures || kind == many_channels ? 8 : 12);
    };
    const Index H = kind == flat ? dice.between(1, 3) : length(), W = kind == flat ? dice.between(60, 90) : length();
    const Index P = g.windows_h(H), Q = g.windows_w(W);
    if (P < 1 || Q < 1 || (few_big && P * Q < 64) || (few_small && H * W < 64)) continue;
    Index N = dice.between(1, 5), C = dice.between(1, 9), O = dice.between(1, 9);
    if (few_big) C = dice.between(1, 4), O = dice.between(5, 9);
    if (kind == few_in_big && i % 16 >= kinds) C = dice.between(5, 7), O = dice.between(14, 20);
    if (kind == flat) C = dice.between(1, 3), O = dice.between(2, 9);
    if (few_small) O = dice.between(1, 4), C = dice.between(5, 9);
    if (kind == many_channels)
      N = dice.between(1, 2), C = dice.one_of({3, 16, 64, 65, 70}), O = dice.one_of({2, 16, 65, 70});
    if (kind == many_pictures) N = dice.one_of({33, 65}), C = dice.between(1, 3), O = dice.between(1, 3);
    return {N, C, H, W, O, P, Q, g.fitted(H, W)};
  }
}

std::string text(const Convolution& k) { return k.big().text() + " " + k.small().text() + ", " + k.g.text(); }

struct Operands {  // of one convolution
  Tensor x, w, y, bias_o, bias_c;
  Operands(const Convolution& k, Random random)
      : x(whole_numbers(k.big(), random("x"))),
        w(whole_numbers(k.weight(), random("w"))),
        y(whole_numbers(k.small(), random("y"))),
        bias_o(whole_numbers({k.O}, random("o"))),
        bias_c(whole_numbers({k.C}, random("c"))) {}
};

void check_convolution(const Convolution& k, Random random) {
  namespace reference = kernels::reference;
  CAPTURE(text(k));
  const Operands of(k, random);
  const Tensor y = reference::gather(k, of.x, of.w), x = reference::scatter(k, of.y, of.w),
               biased_y = reference::gather(k, of.x, of.w, of.bias_o.data()),
               biased_x = reference::scatter(k, of.y, of.w, of.bias_c.data()),
               w = reference::weight_gradient(k, of.x, of.y);
  CHECK(dot(of.y, y) == dot(of.x, x));
  CHECK(dot(of.y, y) == dot(of.w, w));
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const auto check = [&, exact = only_adds_and_multiplies(way, k)](const Tensor& got, const Tensor& expected) {
      if (exact)
        CHECK(differing(got, expected) == 0);
      else
        CHECK(difference(got, expected) <= tolerance);
    };
    check(way.gather(k, of.x, of.w, {}), y);
    check(way.gather(k, of.x, of.w, of.bias_o.data()), biased_y);
    check(way.scatter(k, of.y, of.w, {}), x);
    check(way.scatter(k, of.y, of.w, of.bias_c.data()), biased_x);
    check(way.weight_gradient(k, of.x, of.y), w);
  }
  if (kernels::few_channels::fits(k)) {
    CHECK(differing(kernels::few_channels::gather(k, of.x, of.w), y) == 0);
    CHECK(differing(kernels::few_channels::gather(k, of.x, of.w, of.bias_o.data()), biased_y) == 0);
    CHECK(differing(kernels::few_channels::scatter(k, of.y, of.w), x) == 0);
    CHECK(differing(kernels::few_channels::scatter(k, of.y, of.w, of.bias_c.data()), biased_x) == 0);
    CHECK(differing(kernels::few_channels::weight_gradient(k, of.x, of.y), w) == 0);
  }
}

}  // namespace

TEST_CASE("kernels: every way of convolution against seven nested loops") {
  int few = 0, few_in_bands = 0, mirrored = 0, transformed = 0;
  for (Index i = 0; i < 200; ++i) {
    CAPTURE(i);
    const Convolution k = random_convolution(i);
    few += kernels::few_channels::fits(k);
    mirrored += kernels::best_way(k) == kernels::Way::mirrored;
    check_convolution(k, Random(22)(i));
  }
  CHECK(few >= 25);
  CHECK(mirrored >= 10);
  check_convolution({2, 129, 9, 8, 3, 9, 8, Geometry::square(5, 1, 2)}, Random(23));  // long columns, several slices
  // Pictures of a few channels whose columns fall into bands, of as many rows or not.
  for (int stride = 1; stride <= 3; ++stride) {
    const Geometry g{5, 4, stride, stride, 1, 2, 2, 1};
    const Convolution k{2, 3, g.height(41), g.width(43), 7, 41, 43, g};
    few_in_bands += kernels::few_channels::fits(k) && kernels::PictureColumns(k).bands() > 1;
    check_convolution(k, Random(30)(stride));
  }
  CHECK(few_in_bands == 3);
  // One window that is the whole picture.
  check_convolution({3, 5, 4, 4, 7, 1, 1, Geometry::square(4)}, Random(24));
  check_convolution({40, 70, 3, 5, 2, 1, 1, Geometry{3, 5, 2, 2}}, Random(25));
  check_convolution({2, 5, 4, 4, 7, 1, 1, Geometry{4, 4, 1, 1, 1, -1, 0, 0}}, Random(26));  // not quite
  // Winograd's tiles of up to four windows of every height and width, in phases of every number of taps.
  for (int kernel = 1; kernel <= 7; ++kernel)
    for (int stride = 1; stride <= 3; ++stride)
      for (Index windows = 1; windows <= 9; ++windows) {
        const Geometry g{kernel, kernel, stride, stride, kernel / 2, kernel / 2, kernel / 2, kernel / 2};
        const Index P = windows, Q = windows % 5 + 3, H = g.height(P), W = g.width(Q);
        if (H < 1 || W < 1) continue;
        const bool many = windows % 3 == 2;
        const Convolution k{2, many ? 18 : 6, H, W, many ? 16 : 5, P, Q, g};
        transformed += kernels::best_way(k) == kernels::Way::winograd;
        check_convolution(k, Random(27)(kernel)(stride)(windows));
      }
  CHECK(transformed >= 10);
  check_convolution({1, 18, 28, 30, 20, 14, 15, Geometry::square(4, 2, 1)}, Random(28));  // tiles of five windows
  // Winograd's short pieces of sums over channels, in phases of five and four taps.
  check_convolution({1, 130, 10, 10, 140, 5, 5, Geometry::square(9, 2, 4).fitted(10, 10)}, Random(29));
}

TEST_CASE("kernels: convolution by nested loops, by hand") {
  namespace reference = kernels::reference;
  const Convolution k{1, 1, 3, 3, 1, 2, 2, Geometry{2, 2, 2, 2, 1, 0, 1, 0}};
  const Tensor x({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}), w({1, 1, 2, 2}, {1, 2, 3, 4}),
      y({1, 1, 2, 2}, {1, 2, 3, 4});
  const Real bias = 100;
  CHECK(reference::gather(k, x, w).numbers() == Numbers{4, 18, 36, 77});
  CHECK(reference::gather(k, x, w, &bias).numbers() == Numbers{104, 118, 136, 177});
  CHECK(reference::scatter(k, y, w).numbers() == Numbers{4, 6, 8, 6, 4, 8, 12, 12, 16});
  CHECK(reference::scatter(k, y, w, &bias).numbers() == Numbers{104, 106, 108, 106, 104, 108, 112, 112, 116});
  CHECK(reference::weight_gradient(k, x, y).numbers() == Numbers{20, 36, 36, 64});
}

TEST_CASE("kernels: matmul in its four forms, with and without a bias") {
  const int lengths[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 191, 192, 200};
  const int long_lengths[] = {239, 240, 241, 255, 256, 257, 319, 481, 513, 700};
  for (Index i = 0; i < 320; ++i) {
    Dice dice{Random(31)(i)};
    Index M = dice.one_of(lengths), N = dice.one_of(lengths), K = dice.one_of(lengths);
    if (i % 10 == 8) (dice.between(0, 1) ? M : N) = dice.one_of(long_lengths);
    if (i % 10 == 9) K = dice.one_of(long_lengths);
    const Index form = i + i / 10;  // so that each meets long lengths, too
    const bool a_transposed = form & 1, b_transposed = form & 2, biased = form & 4;
    CAPTURE(M);
    CAPTURE(N);
    CAPTURE(K);
    CAPTURE(a_transposed);
    CAPTURE(b_transposed);
    CAPTURE(biased);
    const Tensor a = whole_numbers(a_transposed ? Shape{K, M} : Shape{M, K}, Random(32)(i));
    const Tensor b = whole_numbers(b_transposed ? Shape{N, K} : Shape{K, N}, Random(33)(i));
    const Tensor bias = whole_numbers({N}, Random(34)(i));
    const Real* const added = biased ? bias.data() : nullptr;
    CHECK(differing(kernels::matmul(a, a_transposed, b, b_transposed, added),
                    kernels::reference::matmul(a, a_transposed, b, b_transposed, added)) == 0);
  }
  const Tensor a({2, 3}, {1, 2, 3, 4, 5, 6}), b({3, 2}, {1, 0, 2, 1, 0, 3}), bias({3}, {10, 20, 30});
  CHECK(kernels::reference::matmul(a, false, b, false).numbers() == Numbers{5, 11, 14, 23});
  CHECK(kernels::reference::matmul(a, true, b, true, bias.data()).numbers() ==
        Numbers{11, 26, 42, 12, 29, 45, 13, 32, 48});
}

TEST_CASE("kernels: products of a few rows, or of a few columns, in every tile") {
  constexpr int lanes = kernels::lanes;
  const auto check = [](Index M, Index N, Index K, bool b_transposed) {
    CAPTURE(M);
    CAPTURE(N);
    CAPTURE(K);
    CAPTURE(b_transposed);
    const Tensor a = whole_numbers({M, K}, Random(37)(M)(N)(K));
    const Tensor b = whole_numbers(b_transposed ? Shape{N, K} : Shape{K, N}, Random(38)(M)(N)(K));
    CHECK(differing(kernels::matmul(a, false, b, b_transposed),
                    kernels::reference::matmul(a, false, b, b_transposed)) == 0);
  };
  for (Index M = 1; M <= 5; ++M) {
    for (const Index K : {16, 127, 128, 130, 256, 257, 300, 1024})
      for (const Index N : {lanes, lanes + 1, 2 * lanes, 2 * lanes + 1, 5 * lanes + 3})
        for (const bool b_transposed : {false, true}) check(M, N, K, b_transposed);
    for (Index N = 1; N < lanes; ++N)
      for (const Index K : {8 * lanes, 300}) check(M, N, K, true);
  }
}

TEST_CASE("kernels: a table holds 32 bits") {
  CHECK(kernels::offset((Index(1) << 31) - 1) == 2147483647);
  CHECK_THROWS_WITH_AS(kernels::offset(Index(1) << 31),
                       "kernels: got a picture or matrix that needs a table with place 2147483648 in it; expected less "
                       "than 2^31; take smaller pictures or fewer channels",
                       Error);
}

TEST_CASE("kernels: transpose") {
  for (Index i = 0; i < 60; ++i) {
    Dice dice{Random(35)(i)};
    const Index M = dice.between(1, 150), N = dice.between(1, i % 2 ? 20 : 150);
    CAPTURE(M);
    CAPTURE(N);
    const Tensor x = Random(36)(i).normal({M, N}), y = kernels::permute(x, {1, 0});
    REQUIRE(y.shape() == Shape{N, M});
    Index wrong = 0;
    for (Index row = 0; row < M; ++row)
      for (Index column = 0; column < N; ++column) wrong += !(y[column * M + row] == x[row * N + column]);
    CHECK(wrong == 0);
  }
}

TEST_CASE("kernels: sum_to and broadcast_to") {
  for (Index i = 0; i < 200; ++i) {
    Dice dice{Random(41)(i)};
    Shape big{i % 4 == 0 ? dice.between(30, 100) : i % 16 == 1 ? dice.between(600, 1500) : dice.between(1, 5)}, small;
    for (int axis = dice.between(1, 5); axis > 1; --axis) big.append(dice.between(1, i % 16 == 2 ? 12 : 4));
    if (i % 4 == 3) big.append(dice.between(15, 70));
    for (int axis = i % 3 ? 0 : dice.between(0, big.rank()); axis < big.rank(); ++axis)
      small.append(dice.between(0, 2) ? big[axis] : 1);
    CAPTURE(big.text());
    CAPTURE(small.text());
    const Tensor x = whole_numbers(big, Random(42)(i)), y = whole_numbers(small, Random(43)(i));
    const Tensor sums = kernels::reference::sum_to(x, small), repeated = kernels::reference::broadcast_to(y, big);
    CHECK(dot(sums, y) == dot(x, repeated));
    CHECK(differing(kernels::sum_to(x, small), sums) == 0);
    CHECK(differing(kernels::broadcast_to(y, big), repeated) == 0);
  }
  const Tensor x({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(kernels::reference::sum_to(x, {2, 1}).numbers() == Numbers{6, 15});
  CHECK(kernels::reference::sum_to(x, {3}).numbers() == Numbers{5, 7, 9});
  CHECK(kernels::reference::broadcast_to(Tensor({2, 1}, {1, 2}), {2, 3}).numbers() == Numbers{1, 1, 1, 2, 2, 2});
}

TEST_CASE("kernels: slice, pad and concat") {
  for (Index i = 0; i < 60; ++i) {
    Dice dice{Random(51)(i)};
    Shape shape;
    for (int rank = dice.between(1, 4); shape.rank() < rank;) shape.append(dice.between(1, 6));
    const int axis = dice.between(0, shape.rank() - 1);
    const Index before = dice.between(0, 3), after = dice.between(0, 3), length = shape[axis];
    const Tensor x = Random(52)(i).normal(shape), padded = kernels::pad(x, axis, before, after);
    CAPTURE(shape.text());
    CAPTURE(axis);
    CAPTURE(before);
    CAPTURE(after);
    REQUIRE(padded.shape() == shape.with(axis, before + length + after));
    Index inner = 1, wrong = 0;
    for (int a = axis + 1; a < shape.rank(); ++a) inner *= shape[a];
    for (Index p = 0; p < padded.size(); ++p) {
      const Index along = p / inner % padded.shape()[axis] - before, outer = p / inner / padded.shape()[axis];
      wrong += !(padded[p] == (along < 0 || along >= length ? 0 : x[(outer * length + along) * inner + p % inner]));
    }
    CHECK(wrong == 0);
    CHECK(differing(kernels::slice(padded, axis, before, before + length), x) == 0);
    Tensors parts;  // cut anywhere, put together again
    for (Index from = 0, to; from < padded.shape()[axis]; from = to) {
      to = dice.between(from + 1, padded.shape()[axis]);
      parts.push_back(kernels::slice(padded, axis, from, to));
    }
    CHECK(differing(kernels::concat(parts, axis), padded) == 0);
  }
  const Tensor a({2, 2}, {1, 2, 3, 4}), b({2, 1}, {5, 6});
  CHECK(kernels::concat({a, b}, 1).numbers() == Numbers{1, 2, 5, 3, 4, 6});
  CHECK(kernels::concat({b, b}, 0).numbers() == Numbers{5, 6, 5, 6});
}
