// What some runs say together: their mean, and how far it may be off.
#pragma once
#include <cstddef>
#include <vector>

namespace tapestry {

struct Estimate {
  std::size_t count = 0;  // of values
  double mean = 0;
  double off = 0;  // the 95 % interval of the mean is mean - off to mean + off; NaN for fewer than two values
};

// By Student's t, for values that are about normal: Student, "The probable error of a mean", 1908.
Estimate estimate(const std::vector<double>& values);

// The t that a variable of Student's distribution stays below in absolute value with this probability, below 1.
double student_t(double probability, std::size_t degrees_of_freedom);

}  // namespace tapestry
