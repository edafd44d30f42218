// Synthetic shapes: colour pictures in the format of CIFAR-10, drawn by the program itself, for whoever has no data at
// hand.
#pragma once
#include <cstdint>

#include "datasets/dataset.hpp"

namespace tapestry {

// `count` pictures (3, 32, 32) of ten shapes, with labels and their names: each in a colour, size, place and turn of
// its own, lit from one side, before a background. Picture i and its label depend on seed and i only. Error when count
// is below 1.
Dataset synthetic_shapes(Index count, std::uint64_t seed);

}  // namespace tapestry
