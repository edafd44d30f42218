#include "apps/common/statistics.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace tapestry {
namespace {

// The probability that |t| < sqrt(n) tan(angle), a finite sum for whole n: Abramowitz and Stegun, "Handbook of
// mathematical functions", 1964, 26.7.3 and 26.7.4.
double share_within(double angle, std::size_t n) {
  const double sine = std::sin(angle), cosine = std::cos(angle);
  const bool odd = n % 2 == 1;
  double term = odd ? cosine : 1, sum = 0;
  for (std::size_t k = odd ? 3 : 2; k <= n; k += 2) {
    sum += term;
    term *= cosine * cosine * static_cast<double>(k - 1) / static_cast<double>(k);
  }
  return odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;
}

}  // namespace

double student_t(double probability, std::size_t degrees_of_freedom) {
  double low = 0, high = std::numbers::pi / 2;
  for (int halving = 0; halving < 60; ++halving) {
    const double angle = (low + high) / 2;
    (share_within(angle, degrees_of_freedom) < probability ? low : high) = angle;
  }
  return std::sqrt(static_cast<double>(degrees_of_freedom)) * std::tan(low);
}

Estimate estimate(const std::vector<double>& values) {
  Estimate result{.count = values.size(), .off = std::numeric_limits<double>::quiet_NaN()};
  const double n = static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) result.mean += value / n;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  if (values.size() > 1) result.off = student_t(0.95, values.size() - 1) * std::sqrt(squares / (n - 1) / n);
  return result;
}

}  // namespace tapestry
