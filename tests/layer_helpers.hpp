// What the tests of layers share.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "layers/layers.hpp"

namespace tapestry {

constexpr double tolerance = sizeof(Real) == 8 ? 1e-13 : 1e-6;

// The text of the error that f raises.
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// The largest difference, as a share of the largest number.
inline double difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double largest = std::numeric_limits<double>::min(), off = 0;
  for (Index i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(double(b[i])));
    off = std::max(off, std::isfinite(a[i]) ? std::abs(double(a[i]) - b[i]) : INFINITY);
  }
  return off / largest;
}

inline Tensor numbers(Shape shape) { return Random(7)("input").normal(shape); }

}  // namespace tapestry
