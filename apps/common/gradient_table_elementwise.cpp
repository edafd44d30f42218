// Operations on one number at a time.
#include "apps/common/gradient_table.hpp"
#include "autograd/ops.hpp"

namespace tapestry {

using namespace gradient_table_numbers;
using X = const Vars&;

// clang-format off
GradientCases arithmetic_cases() {
  const Tensor a = normal({2, 3}), b = positive({2, 3}), row = positive({3}), column = positive({2, 1});
  return {
      {"add", [](X x) { return x[0] + x[1]; }, {a, b}, 2, 2},
      {"add, b smaller", [](X x) { return x[0] + x[1]; }, {a, row}, 2, 2},
      {"add, a smaller", [](X x) { return x[0] + x[1]; }, {column, a}, 2, 2},
      {"add, both smaller", [](X x) { return x[0] + x[1]; }, {column, row}, 2, 2},
      {"sub", [](X x) { return x[0] - x[1]; }, {a, b}, 2, 2},
      {"sub, b smaller", [](X x) { return x[0] - x[1]; }, {a, column}, 2, 2},
      {"sub, a smaller", [](X x) { return x[0] - x[1]; }, {row, a}, 2, 2},
      {"sub, both smaller", [](X x) { return x[0] - x[1]; }, {row, column}, 2, 2},
      {"mul", [](X x) { return x[0] * x[1]; }, {a, b}, 3, 3},
      {"mul, b smaller", [](X x) { return x[0] * x[1]; }, {a, row}, 3, 3},
      {"mul, a smaller", [](X x) { return x[0] * x[1]; }, {column, a}, 2, 3},
      {"mul, both smaller", [](X x) { return x[0] * x[1]; }, {column, row}, 2, 3},
      {"mul, one number", [](X x) { return x[0] * x[1]; }, {positive({}), a}, 2, 3},
      {"mul, (2, 1, 3) by (4, 1)", [](X x) { return x[0] * x[1]; }, {normal({2, 1, 3}), normal({4, 1})}, 2, 3},
      {"square, one Var twice", [](X x) { return x[0] * x[0]; }, {a}, 3, 3},
      {"div", [](X x) { return x[0] / x[1]; }, {a, b}, 3},
      {"div, b smaller", [](X x) { return x[0] / x[1]; }, {a, row}},
      {"div, a smaller", [](X x) { return x[0] / x[1]; }, {column, b}},
      {"div, both smaller", [](X x) { return x[0] / x[1]; }, {row, column}},
      {"x + c", [](X x) { return x[0] + Real(1.5); }, {a}, 2, 2},
      {"c + x", [](X x) { return Real(1.5) + x[0]; }, {a}, 2, 2},
      {"x - c", [](X x) { return x[0] - Real(1.5); }, {a}, 2, 2},
      {"c - x", [](X x) { return Real(1.5) - x[0]; }, {a}, 2, 2},
      {"x c", [](X x) { return x[0] * Real(1.5); }, {a}, 2, 2},
      {"c x", [](X x) { return Real(1.5) * x[0]; }, {a}, 2, 2},
      {"x / c", [](X x) { return x[0] / Real(1.5); }, {a}, 2, 2},
      {"c / x", [](X x) { return Real(1.5) / x[0]; }, {b}, 3},
      {"-x", [](X x) { return -x[0]; }, {a}, 2, 2},
  };
}

GradientCases function_cases() {
  const Tensor x = normal({2, 3}), p = positive({2, 3}), k = away_from_kinks({3, 4});
  const Tensor apart = (Var(k) + Var(away_from_kinks({3, 4}))).value(), condition({2, 3}, {1, 0, 0, 1, 2, 0}),
               row({3}, {1, 0, 1});
  return {
      {"exp", [](X x) { return exp(x[0]); }, {x}, 3},
      {"log", [](X x) { return log(x[0]); }, {p}, 3},
      {"sqrt", [](X x) { return sqrt(x[0]); }, {p}, 3},
      {"pow 3", [](X x) { return pow(x[0], 3); }, {x}, 3, 4},
      {"pow 2", [](X x) { return pow(x[0], 2); }, {x}, 3, 3},
      {"pow 1", [](X x) { return pow(x[0], 1); }, {x}, 2, 2},
      {"pow -1", [](X x) { return pow(x[0], -1); }, {p}},
      {"pow 0.5", [](X x) { return pow(x[0], Real(0.5)); }, {p}},
      {"pow -2.5", [](X x) { return pow(x[0], Real(-2.5)); }, {p}, 3},
      {"expm1", [](X x) { return expm1(x[0]); }, {x}, 3},
      {"log1p", [](X x) { return log1p(x[0]); }, {p}, 3},
      {"sin", [](X x) { return sin(x[0]); }, {x}, 3},
      {"cos", [](X x) { return cos(x[0]); }, {x}, 3},
      {"tanh", [](X x) { return tanh(x[0]); }, {x}, 3},
      {"sigmoid", [](X x) { return sigmoid(x[0]); }, {x}, 3},
      {"softplus", [](X x) { return softplus(x[0]); }, {x}, 3},
      {"relu", [](X x) { return relu(x[0]); }, {k}, 2, 2},
      {"elu", [](X x) { return elu(x[0]); }, {k}, 3},
      {"silu", [](X x) { return silu(x[0]); }, {x}, 3},
      {"leaky_relu", [](X x) { return leaky_relu(x[0], Real(0.2)); }, {k}, 2, 2},
      {"leaky_relu, slope 0", [](X x) { return leaky_relu(x[0], 0); }, {k}, 2, 2},
      {"leaky_relu, slope 2", [](X x) { return leaky_relu(x[0], 2); }, {k}, 2, 2},
      {"relu of a cube", [](X x) { return relu(x[0] * x[0] * x[0]); }, {k}, 2, 4},
      {"abs", [](X x) { return abs(x[0]); }, {k}, 2, 2},
      {"abs of a cube", [](X x) { return abs(x[0] * x[0] * x[0]); }, {k}, 2, 4},
      {"sign as a constant", [](X x) { return sign(x[0]) * x[0]; }, {k}, 2, 2},
      {"clamp", [](X x) { return clamp(x[0], -1, 1); }, {k}, 2, 2},
      {"clamp of a cube", [](X x) { return clamp(x[0] * x[0] * x[0], -1, 1); }, {k}, 2, 4},
      {"max", [](X x) { return max(x[0], x[1]); }, {k, (Var(k) + Var(away_from_kinks({3, 4}))).value()}, 2, 2},
      {"max, b smaller", [](X x) { return max(x[0], x[1]); }, {normal({2, 3}), Tensor({1, 3}, Real(0.1))}, 2, 2},
      {"max of products", [](X x) { return max(x[0] * x[1], x[1] * x[1]); }, {apart, k}, 2, 3},
      {"min", [](X x) { return min(x[0], x[1]); }, {k, apart}, 2, 2},
      {"min, a smaller", [](X x) { return min(x[0], x[1]); }, {Tensor({1, 3}, Real(0.1)), normal({2, 3})}, 2, 2},
      {"min of products", [](X x) { return min(x[0] * x[1], x[1] * x[1]); }, {apart, k}, 2, 3},
      {"where", [=](X x) { return where(condition, x[0], x[1]); }, {x, p}, 2, 2},
      {"where, b smaller", [=](X x) { return where(condition, x[0], x[1]); }, {x, positive({2, 1})}, 2, 2},
      {"where, a, condition smaller", [=](X x) { return where(row, x[0], x[1]); }, {positive({}), x}, 2, 2},
      {"where, both smaller than the condition", [=](X x) { return where(condition, x[0], x[1]); }, {positive({3}), normal({2, 1})}, 2, 2},
      {"where of products", [=](X x) { return where(condition, x[0] * x[1], x[0] * x[0]); }, {x, p}, 2, 3},
  };
}
// clang-format on

}  // namespace tapestry
