// Resampling: a row of pixels in another length.
#pragma once
#include <vector>

#include "autograd/shape.hpp"

namespace tapestry {

// `target` pixels from the stretch [begin, begin + length) of a row of `source` ones. A new pixel is the mean of the
// old ones around its place, whose weights fall in straight lines to zero (a tent filter): over one old pixel on each
// side where the row grows, which is linear interpolation; over one new pixel where it shrinks, so that nothing between
// the new pixels is lost. Beyond the ends of the row there is nothing to weigh.
class Resampling {
 public:
  Resampling(Index source, double begin, double length, Index target);
  void operator()(const float* from, float* to) const;  // `from` points to pixel first()

  Index first() const { return taps_.front().first; }  // the old pixels that count at all: first() to end() - 1
  Index end() const { return taps_.back().first + static_cast<Index>(taps_.back().weights.size()); }

 private:
  struct Taps {
    Index first;
    std::vector<float> weights;  // of pixels first, first + 1, ...: they sum to 1
  };
  std::vector<Taps> taps_;
};

}  // namespace tapestry
