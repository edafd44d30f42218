#include "apps/common/augmentation.hpp"

#include <algorithm>

namespace tapestry {
namespace {

Var one_each(const Var& x, const Random& random, Real low, Real high) {
  return random.uniform({x.shape()[0], 1, 1, 1}, low, high);
}

// Scales the distance of each number from a mean that is taken over these axes.
Var away_from_mean(Var x, std::vector<int> axes, Shape kept, const Var& factor) {
  const Var centre = reshape(mean(x, std::move(axes)), kept);
  return (x - centre) * factor + centre;
}

Var change_colour(Var x, const Random& random) {
  const Index N = x.shape()[0], H = x.shape()[2], W = x.shape()[3];
  x = x + one_each(x, random("brightness"), Real(-0.5), Real(0.5));
  x = away_from_mean(x, {1}, {N, 1, H, W}, one_each(x, random("saturation"), 0, 2));
  return away_from_mean(x, {1, 2, 3}, {N, 1, 1, 1}, one_each(x, random("contrast"), Real(0.5), Real(1.5)));
}

// A window as wide as all shifts around each pixel, of which one place is taken: the same for all pixels of a picture.
Var translate(Var x, const Random& random) {
  const Index size = x.shape()[2] * x.shape()[3] * x.shape()[1], down = x.shape()[2] / 8, right = x.shape()[3] / 8;
  const Index rows = 2 * down + 1, columns = 2 * right + 1;
  Tensor taps = Tensor::uninitialized(x.shape());
  Real* const to = taps.writable();
  for (Index n = 0; n < x.shape()[0]; ++n)
    std::fill_n(to + n * size, size, static_cast<Real>(random("translation").below(rows * columns, n)));
  const auto d = static_cast<int>(down), r = static_cast<int>(right);
  return window_take(std::move(x), taps, {static_cast<int>(rows), static_cast<int>(columns), 1, 1, d, d, r, r});
}

Var cut_out(Var x, const Random& random) {
  const Index N = x.shape()[0], H = x.shape()[2], W = x.shape()[3];
  Tensor mask({N, 1, H, W}, 1);
  Real* const to = mask.writable();
  for (Index n = 0; n < N; ++n) {
    const Index row = random("row").below(H + 1, n), column = random("column").below(W + 1, n);  // the square's middle
    for (Index h = std::max<Index>(row - H / 4, 0); h < std::min(row + H / 4, H); ++h)
      for (Index w = std::max<Index>(column - W / 4, 0); w < std::min(column + W / 4, W); ++w)
        to[(n * H + h) * W + w] = 0;
  }
  return std::move(x) * mask;
}

}  // namespace

Var Augmentation::operator()(Var x, Random random) const {
  if (colour) x = change_colour(std::move(x), random("colour"));
  if (translation) x = translate(std::move(x), random);
  if (cutout) x = cut_out(std::move(x), random("cutout"));
  return x;
}

Augmentation read_augmentation(Options& game) {
  const auto convert = [](const Json& value) -> std::optional<Augmentation> {
    if (!value.is_array()) return {};
    Augmentation read;
    for (const Json& word : value) {
      bool* const chosen = word == "colour"        ? &read.colour
                           : word == "translation" ? &read.translation
                           : word == "cutout"      ? &read.cutout
                                                   : nullptr;
      if (!chosen || *chosen) return {};
      *chosen = true;
    }
    return read;
  };
  return game
      .value<Augmentation>("augment", Json::array(),
                           "a list of \"colour\", \"translation\" and \"cutout\", each once at most", convert)
      .value_or(Augmentation());
}

}  // namespace tapestry
