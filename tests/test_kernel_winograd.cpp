// Winograd's tiles and matrices, and the rule on exactness at the recipes' layers.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/winograd_tiles.hpp"
#include "autograd/random.hpp"

using namespace tapestry;
using namespace tapestry::kernels::winograd;
using kernels::Convolution;

namespace {

constexpr bool in_double = sizeof(Real) == sizeof(double);

// x = B [(G w) . (A y)] for polynomials w and y, against the product by the book.
template <int m, int r>
void check_product() {
  constexpr int n = m + r - 1;
  constexpr auto A = powers<n, m>();
  constexpr auto G = powers<n, r>();
  constexpr auto B = interpolation<n>();
  CAPTURE(m);
  CAPTURE(r);
  double y[m], w[r], x[n] = {}, expected[n] = {};
  for (int i = 0; i < m; ++i) y[i] = i * i - 2.5 * i + 0.3;
  for (int i = 0; i < r; ++i) w[i] = 1.7 - i;
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < r; ++j) expected[i + j] += y[i] * w[j];
  for (int point = 0; point < n; ++point) {
    double y_there = 0, w_there = 0;
    for (int i = 0; i < m; ++i) y_there += A.at[point][i] * y[i];
    for (int i = 0; i < r; ++i) w_there += G.at[point][i] * w[i];
    for (int i = 0; i < n; ++i) x[i] += B.at[i][point] * y_there * w_there;
  }
  for (int i = 0; i < n; ++i) CHECK(x[i] == doctest::Approx(expected[i]).epsilon(1e-12));
}

}  // namespace

TEST_CASE("winograd: polynomials are multiplied at their points") {
  check_product<1, 1>();
  check_product<1, 2>();
  check_product<2, 1>();
  check_product<2, 2>();
  check_product<2, 3>();
  check_product<4, 3>();
  check_product<4, 5>();
  check_product<5, 2>();
  check_product<5, 4>();
  check_product<2, 7>();
}

TEST_CASE("winograd: matrices by hand") {
  constexpr auto A = powers<4, 3>();  // infinity, 0, 1, -1
  const double powers_by_hand[4][3] = {{0, 0, 1}, {1, 0, 0}, {1, 1, 1}, {1, -1, 1}};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 3; ++j) CHECK(A.at[i][j] == powers_by_hand[i][j]);
  constexpr auto B = interpolation<4>();  // t^3 - t, 1 - t^2, (t + t^2) / 2, (t^2 - t) / 2
  const double interpolation_by_hand[4][4] = {{0, 1, 0, 0}, {-1, 0, 0.5, -0.5}, {0, -1, 0.5, 0.5}, {1, 0, 0, 0}};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) CHECK(B.at[i][j] == interpolation_by_hand[i][j]);
}

TEST_CASE("winograd: tiles cover the windows exactly") {
  for (int kernel = 1; kernel <= 8; ++kernel)
    for (int stride = 1; stride <= 4; ++stride)
      for (Index windows = 1; windows <= 40; ++windows) {
        const Axis axis = cut(kernel, stride, windows);
        CAPTURE(kernel);
        CAPTURE(stride);
        CAPTURE(windows);
        REQUIRE(axis.m >= 1);
        CHECK(axis.full >= 1);
        CHECK(axis.full * axis.m + axis.shorter * (axis.m - 1) == windows);
        CHECK(axis.points(0, axis.m) <= most_points);
        CHECK(Index(points(axis).size()) == axis.points());
      }
  CHECK(cut(4, 2, 14).full == 2);  // 5 + 5 + 4
  CHECK(cut(4, 2, 14).shorter == 1);
  CHECK(cut(4, 2, 10).m == 4);  // two tiles of five would be enough
  CHECK(cut(4, 2, 11).m == 4);  // 5 and 4 do not add up to it
  CHECK(cut(5, 2, 14).m == 4);  // seven points
  CHECK(cut(9, 1, 4).m == 0);
  CHECK(cut(5, 2, 7).full == 1);  // 4 + 3
  CHECK(cut(5, 2, 7).shorter == 1);
  CHECK(cut(5, 2, 7).points() == 11);  // of 3 and of 2 taps: 6 + 5
  CHECK(kernels::winograd::saving({1, 1, 14, 14, 1, 7, 7, Geometry::same(5, 5, 2, 2, 14, 14)}) ==
        doctest::Approx(35.0 * 35 / (20 * 20)));  // 7 windows of 5 taps; 11 + 9 points
  CHECK(kernels::winograd::transformed_size({1, 1, 14, 14, 1, 7, 7, Geometry::same(5, 5, 2, 2, 14, 14)}) == 11 * 11);
}

TEST_CASE("winograd: is left where a single picture would wait for the transforms") {
  const auto way = [](Index C, Index O, int kernel, int stride, Index windows) {
    const Index pixels = windows * stride;
    return kernels::best_way(
        {1, C, pixels, pixels, O, windows, windows, Geometry::same(kernel, kernel, stride, stride, pixels, pixels)});
  };
  CHECK(way(64, 64, 4, 2, 4) == kernels::Way::winograd);
  CHECK(way(256, 512, 4, 2, 4) == kernels::Way::table);  // one tile for each transformed kernel
  CHECK(way(128, 128, 2, 1, 4) == kernels::Way::table);  // 39 multiplications saved for each kernel
  CHECK(way(64, 256, 4, 2, 7) == kernels::Way::winograd);
  CHECK(way(128, 256, 4, 2, 7) == kernels::Way::table);  // 3 million transformed weights
  CHECK(way(256, 512, 3, 1, 5) == kernels::Way::table);
  CHECK(way(256, 512, 3, 1, 8) == kernels::Way::winograd);
  CHECK(way(8, 64, 4, 2, 16) != kernels::Way::winograd);  // too few channels
  // Too few for what a small grid saves; and 16 windows are up to a vector, or more than one.
  CHECK(way(16, 256, 3, 1, 4) == (kernels::lanes >= 16 ? kernels::Way::unfolded : kernels::Way::table));
  CHECK(way(16, 256, 3, 1, 7) == kernels::Way::winograd);
  CHECK(way(64, 64, 4, 3, 16) == kernels::Way::table);
  CHECK(way(64, 64, 7, 1, 14) == kernels::Way::table);  // weight gradients would be less exact than the rule allows
  CHECK(way(64, 64, 7, 2, 14) == kernels::Way::winograd);
  CHECK(way(512, 512, 3, 1, 2) == kernels::Way::unfolded);
}

TEST_CASE("winograd: the tiles that have a point follow one another") {
  const Axis y = cut(5, 2, 7), x = cut(3, 1, 11);  // 4 + 3, 4 + 4 + 3
  const Tiles tiles(y, x);
  REQUIRE(tiles.size() == 6);
  const Index pictures = 3;
  std::vector<int> taken(tiles.size() * pictures);
  for (const Point& i : points(y))
    for (const Point& j : points(x)) {
      const Tiles::Rows rows = tiles.having(i, j, pictures);
      for (const Tiles::Tile& t : tiles.tiles)
        for (Index n = 0; n < pictures; ++n) {
          const bool has = i.number < y.points(i.phase, t.height) && j.number < x.points(j.phase, t.width);
          const Index row = t.row(n, pictures);
          CHECK((row >= rows.begin && row < rows.begin + rows.count) == has);
        }
    }
  for (const Tiles::Tile& t : tiles.tiles)
    for (Index n = 0; n < pictures; ++n) ++taken[t.row(n, pictures)];
  for (int times : taken) CHECK(times == 1);
}

namespace {

struct Layer {  // most of a recipe, at its full batch
  std::string name;
  Convolution k;
};
Convolution square(Index N, Index C, Index H, Index O, Index P, int kernel, int stride) {
  return {N, C, H, H, O, P, P, Geometry::same(kernel, kernel, stride, stride, H, H).fitted(H, H)};
}
const Layer layers[] = {
    {"S0, 4x4 to 8x8", square(128, 128, 8, 256, 4, 4, 2)},
    {"S0, 16x16 to 32x32", square(128, 128, 32, 128, 16, 4, 2)},
    {"S0, 3 channels drawn", square(128, 128, 32, 3, 32, 3, 1)},
    {"S0, 3 channels seen", square(128, 3, 32, 64, 16, 3, 2)},
    {"S0, 16x16 to 8x8", square(128, 64, 16, 128, 8, 3, 2)},
    {"S0, 8x8 to 4x4", square(128, 128, 8, 128, 4, 3, 2)},
    {"S0, 4x4 to 2x2", square(128, 128, 4, 256, 2, 3, 2)},
    {"S2, 14x14 to 28x28", square(256, 128, 28, 128, 14, 4, 2)},
    {"S2, 7x7 to 14x14", square(256, 128, 14, 128, 7, 4, 2)},
    {"S2, one channel drawn", square(256, 128, 28, 1, 28, 7, 1)},
    {"S2, one channel seen", square(256, 1, 28, 64, 14, 3, 2)},
    {"S2, 14x14 to 7x7", square(256, 64, 14, 64, 7, 3, 2)},
    {"S4, 7x7 to 7x7", square(256, 128, 7, 256, 7, 5, 1)},
    {"S4, 14x14 to 7x7", square(256, 64, 14, 128, 7, 5, 2)},
    {"S4, one channel", square(256, 1, 28, 64, 14, 5, 2)},
    {"large pictures", square(32, 24, 112, 24, 112, 5, 1)},
};

}  // namespace

TEST_CASE("no primitive is off by more than 1e-5 of its largest value, at full batch, on noise without a mean") {
  const double bound = in_double ? 1e-13 : 1e-5;
  for (const Layer& layer : layers) {
    const Convolution& k = layer.k;
    CAPTURE(layer.name);
    const Tensor x = Random(67).normal(k.big()), y = Random(68).normal(k.small()), w = Random(69).normal(k.weight());
    CHECK(kernels::gather_error(k, x, w, kernels::gather(k, x, w)) <= bound);
    CHECK(kernels::scatter_error(k, y, w, kernels::scatter(k, y, w)) <= bound);
    CHECK(kernels::weight_gradient_error(k, x, y, kernels::weight_gradient(k, x, y)) <= bound);
  }
  // The measure itself: one number in thousands is off, or is none.
  const Convolution k = square(3, 16, 18, 24, 9, 5, 2);
  const Tensor x = Random(61).normal(k.big()), y = Random(62).normal(k.small()), w = Random(63).normal(k.weight());
  const auto check_measure = [](const Tensor& result, auto error) {
    CHECK(error(result) < 1e-5);
    Real largest = 0;
    for (Index i = 0; i < result.size(); ++i) largest = std::max(largest, std::abs(result[i]));
    for (const Index i : {Index(0), result.size() / 3, result.size() - 1}) {
      Tensor off = result, none = result;
      off.writable()[i] += largest * Real(2e-5);
      none.writable()[i] = Real(NAN);
      CHECK(error(off) == doctest::Approx(2e-5).epsilon(0.3));
      CHECK(error(none) == INFINITY);
    }
  };
  check_measure(kernels::gather(k, x, w), [&](const Tensor& y) { return kernels::gather_error(k, x, w, y); });
  check_measure(kernels::scatter(k, y, w), [&](const Tensor& x) { return kernels::scatter_error(k, y, w, x); });
  check_measure(kernels::weight_gradient(k, x, y),
                [&](const Tensor& w) { return kernels::weight_gradient_error(k, x, y, w); });
  CHECK(kernels::gather_error(k, x, Tensor(k.weight(), 0), Tensor(k.small(), 0)) == 0);
}
