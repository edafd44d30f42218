// The table of gradient checks: every operation, loss and layer, at points where it is smooth. `make test` runs it, and
// apps/gradcheck prints it. One line per case: a new operation costs one line.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/convolution_geometry.hpp"
#include "autograd/random.hpp"
#include "autograd/tape.hpp"

namespace tapestry {

struct GradientCase {
  using Function = std::function<Var(const Vars& x)>;
  std::string name;
  Function f;
  Tensors x;
  int order = 2;
  int zero_from_order = 0;  // 2: linear, or made of linear pieces; 3: of squares or products of two
};
using GradientCases = std::vector<GradientCase>;

GradientCases gradient_table();  // all of these

// gradient_table_elementwise.cpp
GradientCases arithmetic_cases();
GradientCases function_cases();
// gradient_table_tensors.cpp
GradientCases reduction_cases();
GradientCases shaping_cases();
GradientCases product_cases();
// gradient_table_pictures.cpp
GradientCases convolution_cases();
GradientCases pooling_cases();
// gradient_table_layers.cpp
GradientCases normalization_cases();
GradientCases loss_cases();
GradientCases layer_cases();

// Numbers for the table, different at each call.
namespace gradient_table_numbers {
Tensor normal(Shape shape);
Tensor positive(Shape shape);         // 0.4 to 2
Tensor probabilities(Shape shape);    // 0.1 to 0.7
Tensor away_from_kinks(Shape shape);  // from 0, 1 and -1, also when multiplied by 1.25: sizes 0.3 to 0.7 and 1.2 to 1.6
Tensor distinct(Shape shape);         // up to 97 numbers, no two nearer than 0.05: which is the largest is clear
}  // namespace gradient_table_numbers

}  // namespace tapestry
