// Augmentation: what the discriminator sees of a picture, and the gradient that comes back through it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "apps/common/augmentation.hpp"
#include "autograd/gradient_check.hpp"

using namespace tapestry;

namespace {

constexpr Index N = 6, C = 3, H = 16, W = 8;
Tensor pictures() { return Random(3).normal({N, C, H, W}); }
Real at(const Tensor& x, Index n, Index c, Index h, Index w) { return x[((n * C + c) * H + h) * W + w]; }

// How far picture n was moved: the one shift that explains every pixel, with zeros where nothing came from.
std::pair<Index, Index> shift_of(const Tensor& x, const Tensor& y, Index n) {
  for (Index down = -H / 8; down <= H / 8; ++down)
    for (Index right = -W / 8; right <= W / 8; ++right) {
      bool all = true;
      for (Index c = 0; c < C && all; ++c)
        for (Index h = 0; h < H && all; ++h)
          for (Index w = 0; w < W && all; ++w) {
            const Index i = h + down, j = w + right;
            const bool inside = i >= 0 && i < H && j >= 0 && j < W;
            all = at(y, n, c, h, w) == (inside ? at(x, n, c, i, j) : Real(0));
          }
      if (all) return {down, right};
    }
  return {100, 100};
}

}  // namespace

TEST_CASE("augmentation: nothing asked for, nothing changed") {
  const Tensor x = pictures();
  CHECK(Augmentation{}(x, Random(1)).value().shares_storage_with(x));
}

TEST_CASE("augmentation: translation moves whole pictures, each its own way, by an eighth at most") {
  const Tensor x = pictures(), y = Augmentation{.translation = true}(x, Random(1)).value();
  std::vector<std::pair<Index, Index>> shifts;
  for (Index n = 0; n < N; ++n) shifts.push_back(shift_of(x, y, n));
  for (const auto& [down, right] : shifts) CHECK(std::abs(down) <= H / 8);
  for (const auto& [down, right] : shifts) CHECK(std::abs(right) <= W / 8);
  CHECK(std::count(shifts.begin(), shifts.end(), shifts.front()) < N);
  CHECK(Augmentation{.translation = true}(x, Random(1)).value().numbers() == y.numbers());
  CHECK(Augmentation{.translation = true}(x, Random(2)).value().numbers() != y.numbers());
}

TEST_CASE("augmentation: cutout leaves zeros in a rectangle of at most half the size, and nothing else") {
  const Tensor x = pictures(), y = Augmentation{.cutout = true}(x, Random(1)).value();
  for (Index n = 0; n < N; ++n) {
    Index top = H, bottom = -1, left = W, right = -1, cut = 0;
    for (Index h = 0; h < H; ++h)
      for (Index w = 0; w < W; ++w) {
        const bool zero = at(y, n, 0, h, w) == 0;
        for (Index c = 0; c < C; ++c) CHECK(at(y, n, c, h, w) == (zero ? Real(0) : at(x, n, c, h, w)));
        if (!zero) continue;
        ++cut, top = std::min(top, h), bottom = std::max(bottom, h), left = std::min(left, w),
               right = std::max(right, w);
      }
    CHECK(cut >= (H / 4) * (W / 4));  // in a corner a quarter of it is left
    CHECK(cut == (bottom - top + 1) * (right - left + 1));
    CHECK(bottom - top + 1 <= H / 2);
    CHECK(right - left + 1 <= W / 2);
  }
}

TEST_CASE("augmentation: colour changes brightness, saturation and contrast of whole pictures") {
  const Tensor x = pictures(), y = Augmentation{.colour = true}(x, Random(1)).value();
  for (Index n = 0; n < N; ++n) {
    // Differences between channels are scaled by saturation times contrast, the same everywhere in a picture.
    const Real factor = (at(y, n, 0, 0, 0) - at(y, n, 1, 0, 0)) / (at(x, n, 0, 0, 0) - at(x, n, 1, 0, 0));
    CHECK(factor >= 0);
    CHECK(factor <= 3);
    double x_mean = 0, y_mean = 0;
    for (Index c = 0; c < C; ++c)
      for (Index h = 0; h < H; ++h)
        for (Index w = 0; w < W; ++w) {
          const Real d = at(x, n, c, h, w) - at(x, n, 2, h, w), e = at(y, n, c, h, w) - at(y, n, 2, h, w);
          CHECK(e == doctest::Approx(factor * d).epsilon(1e-3));
          x_mean += at(x, n, c, h, w) / (C * H * W), y_mean += at(y, n, c, h, w) / (C * H * W);
        }
    CHECK(std::abs(y_mean - x_mean) <= 0.5 + 1e-5);  // only brightness moves the mean
    CHECK(y_mean != doctest::Approx(x_mean).epsilon(1e-4));
  }
}

TEST_CASE("augmentation: gradients" * doctest::skip(sizeof(Real) == sizeof(float))) {
  const auto all = [](const Vars& x) { return Augmentation{true, true, true}(x[0], Random(5)); };
  const GradientCheck check = check_grads(all, {Random(4).normal({2, 3, 8, 8})}, 2, {.zero_from_order = 2});
  CHECK_MESSAGE(check.ok(), check);
}
