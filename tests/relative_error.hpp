#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/tensor.hpp"

namespace tapestry {

// The largest difference, as a share of the largest value, or of `size` if that is larger (a sum of many numbers may
// cancel down to nothing); NaN counts as infinite.
inline double relative_error(const Tensor& got, const std::vector<double>& expected, double size = 1e-30) {
  if (got.size() != Index(expected.size())) return INFINITY;
  double difference = 0, largest = size;
  for (Index i = 0; i < got.size(); ++i) {
    const double d = std::abs(got[i] - expected[i]);
    difference = std::isnan(d) ? INFINITY : std::max(difference, d);
    largest = std::max(largest, std::abs(expected[i]));
  }
  return difference / largest;
}

}  // namespace tapestry
