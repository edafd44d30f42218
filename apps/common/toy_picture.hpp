// A picture of the toy GAN: what the discriminator believes of every place, real points, and the generator's.
#pragma once
#include "apps/common/picture.hpp"

namespace tapestry {

constexpr double toy_extent = 1.1;  // a picture shows [-1.1, 1.1], x to the right, y down

// The discriminator's belief on a lattice over what is shown: row by row, the same number of places in both directions.
struct Field {
  Index side = 0;
  Tensor belief;  // (side side); more: more real
  double low = 0, high = 1;

  static Tensor places(Index side);  // (side side, 2)
};

// Blue is real and orange is fake: in the background, in ten shades from the field's low to its high with a line
// between any two, a heavy one in the middle; and in the points, dots of (N, 2). The number of the step stands in a
// corner.
Picture toy_picture(const Field& field, const Tensor& real, const Tensor& fake, Index step, Index size);

// Some of the pictures, evenly chosen, the first and the last among them, in rows of four.
Picture toy_overview(const std::vector<Picture>& pictures);

}  // namespace tapestry
