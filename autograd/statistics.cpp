#include "autograd/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace tapestry {

Statistics statistics(const Tensor& tensor) {
  Statistics s{.shape = tensor.shape()};
  double sum = 0;
  for (Index i = 0; i < tensor.size(); ++i) {
    const double x = tensor[i];
    if (std::isnan(x)) {
      ++s.nans;
    } else if (std::isinf(x)) {
      ++s.infinities;
    } else {
      s.minimum = s.finite ? std::min(s.minimum, x) : x;
      s.maximum = s.finite ? std::max(s.maximum, x) : x;
      sum += x;
      ++s.finite;
    }
  }
  if (s.finite) s.mean = sum / static_cast<double>(s.finite);
  return s;
}

bool all_finite(const Tensor& tensor) {
  return std::all_of(tensor.data(), tensor.data() + tensor.size(), [](Real x) { return std::isfinite(x); });
}

std::ostream& operator<<(std::ostream& out, const Statistics& s) {
  out << s.shape << "  ";
  if (s.finite == 0)
    out << "no finite number";
  else if (s.shape.size() == 1)
    out << short_number(s.minimum);
  else
    out << "min " << short_number(s.minimum) << "  max " << short_number(s.maximum) << "  mean "
        << short_number(s.mean);
  if (s.nans) out << "  NaN: " << s.nans;
  if (s.infinities) out << "  infinite: " << s.infinities;
  return out;
}

std::string short_number(double value) {
  if (std::isnan(value)) return "nan";  // without a sign
  std::ostringstream text;
  text << std::setprecision(4) << value + 0.0;  // no -0
  return text.str();
}

}  // namespace tapestry
