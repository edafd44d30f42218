#include "apps/common/gradient_table.hpp"

#include <cmath>

namespace tapestry {

namespace gradient_table_numbers {

namespace {
Random next() {
  static Index asked = 0;
  return Random(7)(asked++);
}
}  // namespace

Tensor normal(Shape shape) { return next().normal(shape); }
Tensor positive(Shape shape) { return next().uniform(shape, Real(0.4), 2); }
Tensor probabilities(Shape shape) { return next().uniform(shape, Real(0.1), Real(0.7)); }
Tensor away_from_kinks(Shape shape) {
  Tensor t = next().uniform(shape, -1, 1);
  Real* const to = t.writable();
  for (Index i = 0; i < t.size(); ++i) {
    const Real size = std::abs(to[i]),
               apart = size < Real(0.5) ? Real(0.3) + Real(0.8) * size : Real(0.4) + Real(0.8) * (size + Real(0.5));
    to[i] = std::copysign(apart, to[i]);
  }
  return t;
}
Tensor distinct(Shape shape) {
  Tensor t = next().uniform(shape, 0, Real(0.05));
  Real* const to = t.writable();
  for (Index i = 0; i < t.size(); ++i) to[i] += Real(0.1) * static_cast<Real>(i * 7 % 97 - 48);  // 97 is a prime
  return t;
}

}  // namespace gradient_table_numbers

GradientCases gradient_table() {
  GradientCases all;
  for (const auto& family : {arithmetic_cases(), function_cases(), reduction_cases(), shaping_cases(), product_cases(),
                             convolution_cases(), pooling_cases(), normalization_cases(), loss_cases(), layer_cases()})
    all.insert(all.end(), family.begin(), family.end());
  return all;
}

}  // namespace tapestry
