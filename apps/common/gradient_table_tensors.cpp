// Operations on whole tensors: sums and maxima, shapes, products.
#include "apps/common/gradient_table.hpp"
#include "autograd/ops.hpp"

namespace tapestry {

using namespace gradient_table_numbers;
using X = const Vars&;

// clang-format off
GradientCases reduction_cases() {
  const Tensor x = normal({2, 3}), y = normal({2, 3, 2}), z = normal({2, 2, 3, 2});
  return {
      {"broadcast_to", [](X x) { return broadcast_to(x[0], {4, 2, 3}); }, {normal({2, 1})}, 2, 2},
      {"broadcast_to, one number", [](X x) { return broadcast_to(x[0], {2, 3}); }, {normal({})}, 2, 2},
      {"sum_to", [](X x) { return sum_to(x[0], {3, 1}); }, {y}, 2, 2},
      {"sum_to, one number", [](X x) { return sum_to(x[0], {}); }, {y}, 2, 2},
      {"sum", [](X x) { return sum(x[0]); }, {x}, 2, 2},
      {"mean", [](X x) { return mean(x[0]); }, {x}, 2, 2},
      {"sum, axis 0", [](X x) { return sum(x[0], {0}); }, {y}, 2, 2},
      {"sum, axis 1", [](X x) { return sum(x[0], {1}); }, {y}, 2, 2},
      {"sum, last axis", [](X x) { return sum(x[0], {-1}); }, {y}, 2, 2},
      {"sum, axes 0, 2, 3", [](X x) { return sum(x[0], {0, 2, 3}); }, {z}, 2, 2},
      {"mean, axis 1", [](X x) { return mean(x[0], {1}); }, {y}, 2, 2},
      {"mean, axes 0 and 2", [](X x) { return mean(x[0], {0, 2}); }, {y}, 2, 2},
      {"max, axis 0", [](X x) { return max(x[0], {0}); }, {distinct({3, 2, 2})}, 2, 2},
      {"max, axis 1", [](X x) { return max(x[0], {1}); }, {distinct({2, 3, 2})}, 2, 2},
      {"max, last axis", [](X x) { return max(x[0], {-1}); }, {distinct({2, 5})}, 2, 2},
      {"max, axes 0 and 2", [](X x) { return max(x[0], {0, 2}); }, {distinct({2, 3, 4})}, 2, 2},
      {"max, all axes", [](X x) { return max(x[0], {0, 1}); }, {distinct({3, 4})}, 2, 2},
      {"max of squares, axis 1", [](X x) { return max(x[0] * x[0], {1}); }, {(Var(distinct({2, 3, 2})) + Real(6)).value()}, 2, 3},
      {"min, axes 0 and 2", [](X x) { return min(x[0], {0, 2}); }, {distinct({2, 3, 4})}, 2, 2},
      {"norm, axis 0", [](X x) { return norm(x[0], {0}); }, {x}, 3},
      {"norm, axes 1 and 2", [](X x) { return norm(x[0], {1, 2}); }, {y}, 3},
      {"norm, all axes", [](X x) { return norm(x[0], {0, 1, 2}); }, {y}, 3},
      {"softmax", [](X x) { return softmax(x[0]); }, {x}, 3},
      {"softmax, axis 0", [](X x) { return softmax(x[0], 0); }, {y}},
      {"softmax, axis 1", [](X x) { return softmax(x[0], 1); }, {y}, 3},
      {"log_softmax", [](X x) { return log_softmax(x[0]); }, {x}, 3},
      {"log_softmax, one row", [](X x) { return log_softmax(x[0]); }, {normal({1, 4})}},
      {"log_softmax, axis 0", [](X x) { return log_softmax(x[0], 0); }, {y}},
      {"log_softmax, axis 1", [](X x) { return log_softmax(x[0], 1); }, {y}, 3},
  };
}

GradientCases shaping_cases() {
  const Tensor x = normal({2, 3}), y = normal({2, 3, 2}), numbers({2, 2}, {2, 0, 2, 3});
  return {
      {"reshape", [](X x) { return reshape(x[0], {3, 4}); }, {y}, 2, 2},
      {"flatten", [](X x) { return flatten(x[0]); }, {y}, 2, 2},
      {"transpose", [](X x) { return transpose(x[0]); }, {x}, 2, 2},
      {"permute {2, 0, 1}", [](X x) { return permute(x[0], {2, 0, 1}); }, {y}, 2, 2},
      {"permute {1, -1, 0, 2}", [](X x) { return permute(x[0], {1, -1, 0, 2}); }, {normal({2, 1, 3, 2})}, 2, 2},
      {"flip, axis 1", [](X x) { return flip(x[0], {1}); }, {y}, 2, 2},
      {"flip, axes 0 and 2", [](X x) { return flip(x[0], {0, -1}); }, {y}, 2, 2},
      {"slice, axis 0", [](X x) { return slice(x[0], 0, 1, 2); }, {y}, 2, 2},
      {"slice, axis 1", [](X x) { return slice(x[0], 1, 0, 2); }, {y}, 2, 2},
      {"slice, last axis", [](X x) { return slice(x[0], -1, 1, 2); }, {y}, 2, 2},
      {"pad, axis 0", [](X x) { return pad(x[0], 0, 1, 0); }, {y}, 2, 2},
      {"pad, axis 1", [](X x) { return pad(x[0], 1, 2, 1); }, {y}, 2, 2},
      {"pad, last axis", [](X x) { return pad(x[0], -1, 0, 2); }, {y}, 2, 2},
      {"pad2d", [](X x) { return pad2d(x[0], 1, 0, 2, 1); }, {normal({1, 2, 2, 3})}, 2, 2},
      {"concat, axis 0", [](X x) { return concat({x[0], x[1]}, 0); }, {y, normal({1, 3, 2})}, 2, 2},
      {"concat, axis 1", [](X x) { return concat({x[0], x[1], x[2]}, 1); }, {y, normal({2, 1, 2}), y}, 2, 2},
      {"concat, last axis", [](X x) { return concat({x[0], x[1], x[0]}, -1); }, {y, normal({2, 3, 1})}, 2, 2},
      {"concat of products", [](X x) { return concat({x[0] * x[1], x[1] * x[1]}, 1); }, {y, normal({2, 3, 2})}, 2, 3},
      {"embedding", [=](X x) { return embedding(x[0], numbers); }, {normal({4, 3})}, 2, 2},
      {"scatter_rows", [=](X x) { return scatter_rows(x[0], numbers, 4); }, {normal({2, 2, 3})}, 2, 2},
  };
}

GradientCases product_cases() {
  const Tensor a = normal({2, 3}), b = normal({3, 4}), x = normal({2, 3}), w = normal({4, 3}), bias = normal({4});
  return {
      {"matmul", [](X x) { return matmul(x[0], x[1]); }, {a, b}, 3, 3},
      {"matmul a b^T", [](X x) { return matmul(x[0], x[1], Product::abT); }, {a, normal({4, 3})}, 2, 3},
      {"matmul a^T b", [](X x) { return matmul(x[0], x[1], Product::aTb); }, {normal({3, 2}), b}, 2, 3},
      {"matmul, one Var twice", [](X x) { return matmul(x[0], x[0], Product::abT); }, {a}, 2, 3},
      {"matmul of batches", [](X x) { return matmul(x[0], x[1]); }, {normal({2, 2, 3}), normal({2, 3, 2})}, 2, 3},
      {"matmul of batches, broadcast", [](X x) { return matmul(x[0], x[1]); }, {normal({2, 1, 2, 3}), normal({3, 3, 2})}, 2, 3},
      {"matmul of batches, one a", [](X x) { return matmul(x[0], x[1]); }, {a, normal({2, 3, 2})}, 2, 3},
      {"matmul of batches, one b", [](X x) { return matmul(x[0], x[1]); }, {normal({2, 2, 3}), b}, 2, 3},
      {"matmul of batches a b^T", [](X x) { return matmul(x[0], x[1], Product::abT); }, {normal({2, 2, 3}), normal({1, 4, 3})}, 2, 3},
      {"matmul of batches a b^T, one b", [](X x) { return matmul(x[0], x[1], Product::abT); }, {normal({2, 2, 3}), normal({4, 3})}, 2, 3},
      {"matmul of batches a^T b", [](X x) { return matmul(x[0], x[1], Product::aTb); }, {normal({1, 3, 2}), normal({2, 3, 2})}, 2, 3},
      {"matmul of batches a^T b, one b", [](X x) { return matmul(x[0], x[1], Product::aTb); }, {normal({2, 3, 2}), b}, 2, 3},
      {"linear", [](X x) { return linear(x[0], x[1], x[2]); }, {x, w, bias}, 2, 3},
      {"linear, tanh", [](X x) { return tanh(linear(x[0], x[1], x[2])); }, {x, w, bias}},
  };
}
// clang-format on

}  // namespace tapestry
