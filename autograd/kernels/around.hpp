// A tensor around one of its axes: entry (i, j, k) stands at (i length + j) inner + k.
#pragma once
#include "autograd/shape.hpp"

namespace tapestry::kernels {

struct Around {
  Index outer = 1, length, inner = 1;
  Around(const Shape& shape, int axis) : length(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

}  // namespace tapestry::kernels
