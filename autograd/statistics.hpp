// What can be said about many numbers in one line.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry {

struct Statistics {
  Shape shape;
  Index nans = 0, infinities = 0, finite = 0;  // how many; they add up to all numbers
  double minimum = 0, maximum = 0, mean = 0;   // of the finite ones
};
Statistics statistics(const Tensor& tensor);
bool all_finite(const Tensor& tensor);

// (64, 10)  min -1.5  max 2  mean 0.25; with NaN and infinities, if there are any.
std::ostream& operator<<(std::ostream& out, const Statistics& statistics);

std::string short_number(double value);  // at most four digits that count, as printed tensors have them

}  // namespace tapestry
