// The windows of a picture as columns of a matrix, its rows the numbers of a window: the textbook's im2col.
#pragma once
#include <algorithm>

#include "autograd/kernels/convolution.hpp"

namespace tapestry::kernels {

// f(place, row, column) for `count` windows of a picture from window `first` on: the place in the picture (C, H, W)
// that this number of the matrix (C R S, count) comes from, -1 for padding.
template <class F>
void each_entry(const Convolution& k, Index first, Index count, F f) {
  Index row = 0;
  for (Index c = 0; c < k.C; ++c)
    for (Index r = 0; r < k.R(); ++r)
      for (Index s = 0; s < k.S(); ++s, ++row) {
        Index p = first / k.Q, q = first % k.Q;
        for (Index column = 0; column < count; ++column) {
          const Index h = p * k.g.stride_h - k.g.top + r, v = q * k.g.stride_w - k.g.left + s;
          const bool inside = h >= 0 && h < k.H && v >= 0 && v < k.W;
          f(inside ? (c * k.H + h) * k.W + v : -1, row, column);
          if (++q == k.Q) ++p, q = 0;
        }
      }
}

// A block: so many of a picture's columns that they stay in the core's own cache.
inline Index block_width(const Convolution& k) {
  constexpr Index numbers = 64 * 1024;
  return std::clamp<Index>(numbers / (k.C * k.taps()), 1, k.P * k.Q);
}
inline Index largest_block(const Convolution& k) { return k.C * k.taps() * block_width(k); }

// f(first window, how many) for the blocks of a picture
template <class F>
void each_block(const Convolution& k, F f) {
  const Index windows = k.P * k.Q, block = block_width(k);
  for (Index first = 0; first < windows; first += block) f(first, std::min(block, windows - first));
}

}  // namespace tapestry::kernels
