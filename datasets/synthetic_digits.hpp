// Synthetic digits: pictures in the manner of MNIST, drawn by the program itself, for whoever has no data at hand.
#pragma once
#include <cstdint>

#include "datasets/dataset.hpp"

namespace tapestry {

// `count` pictures (1, 28, 28) of the digits 0 to 9, white on black, with labels. Picture i and its label depend on
// seed and i only. Error when count is below 1.
Dataset synthetic_digits(Index count, std::uint64_t seed);

}  // namespace tapestry
