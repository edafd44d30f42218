// Every operation against differences of values: first and second derivatives, projected and entry by entry, each
// argument alone and all together, with fan-out. One line per case; a new operation costs one line here.
//
// The table runs in double only: differences of floats are too coarse. In float, kernels are checked against plain
// loops (test_operations.cpp, test_convolution.cpp).
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/gradient_check.hpp"
#include "autograd/losses.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"

using namespace tapestry;

namespace {

using X = const Vars&;
using Function = std::function<Var(X x)>;

struct Case {
  std::string name;
  Function f;
  Tensors x;
  int order = 2;
  int zero_from_order = 0;  // 2: linear, or made of linear pieces
};

// Different numbers on each line that asks for them.
Random next() {
  static Index asked = 0;
  return Random(7)(asked++);
}
Tensor normal(Shape shape) { return next().normal(shape); }
Tensor positive(Shape shape) { return next().uniform(shape, Real(0.4), 2); }
Tensor probabilities(Shape shape) { return next().uniform(shape, Real(0.1), Real(0.7)); }
// Away from 0, 1 and -1, also when multiplied by 1.25: sizes 0.3 to 0.7 and 1.2 to 1.6.
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

Geometry geometry(int kernel_h, int kernel_w, int stride_h, int stride_w, int top, int bottom, int left, int right) {
  return {kernel_h, kernel_w, stride_h, stride_w, top, bottom, left, right};
}
const Geometry plain = Geometry::square(3, 1, 1), strided = Geometry::square(4, 2, 1);
const Geometry uneven = geometry(2, 3, 2, 1, 0, 1, 2, 1);      // asymmetric, unequal strides
const Geometry sparse = geometry(2, 1, 3, 2, 1, 2, 0, 1);      // strides larger than the kernel
const Geometry far_out = geometry(2, 2, 1, 2, 2, 3, 2, 2);     // padding of a kernel's size and more
const Geometry cropping = geometry(3, 3, 2, 2, 0, -1, 1, -1);  // the last row and column reach no window

// clang-format off
std::vector<Case> arithmetic() {
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
      {"mul, a smaller", [](X x) { return x[0] * x[1]; }, {column, a}},
      {"mul, both smaller", [](X x) { return x[0] * x[1]; }, {column, row}},
      {"mul, one number", [](X x) { return x[0] * x[1]; }, {positive({}), a}},
      {"mul, (2, 1, 3) by (4, 1)", [](X x) { return x[0] * x[1]; }, {normal({2, 1, 3}), normal({4, 1})}},
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

std::vector<Case> functions_of_one_number() {
  const Tensor x = normal({2, 3}), p = positive({2, 3}), k = away_from_kinks({3, 4});
  const Tensor apart = (Var(k) + Var(away_from_kinks({3, 4}))).value(), condition({2, 3}, {1, 0, 0, 1, 2, 0}),
               row({3}, {1, 0, 1});
  return {
      {"exp", [](X x) { return exp(x[0]); }, {x}, 3},
      {"log", [](X x) { return log(x[0]); }, {p}, 3},
      {"sqrt", [](X x) { return sqrt(x[0]); }, {p}, 3},
      {"pow 3", [](X x) { return pow(x[0], 3); }, {x}, 3},
      {"pow 2", [](X x) { return pow(x[0], 2); }, {x}, 3, 3},
      {"pow 1", [](X x) { return pow(x[0], 1); }, {x}, 2, 2},
      {"pow -1", [](X x) { return pow(x[0], -1); }, {p}},
      {"pow 0.5", [](X x) { return pow(x[0], Real(0.5)); }, {p}},
      {"pow -2.5", [](X x) { return pow(x[0], Real(-2.5)); }, {p}, 3},
      {"tanh", [](X x) { return tanh(x[0]); }, {x}, 3},
      {"sigmoid", [](X x) { return sigmoid(x[0]); }, {x}, 3},
      {"softplus", [](X x) { return softplus(x[0]); }, {x}, 3},
      {"relu", [](X x) { return relu(x[0]); }, {k}, 2, 2},
      {"leaky_relu", [](X x) { return leaky_relu(x[0], Real(0.2)); }, {k}, 2, 2},
      {"leaky_relu, slope 0", [](X x) { return leaky_relu(x[0], 0); }, {k}, 2, 2},
      {"leaky_relu, slope 2", [](X x) { return leaky_relu(x[0], 2); }, {k}, 2, 2},
      {"relu of a cube", [](X x) { return relu(x[0] * x[0] * x[0]); }, {k}},
      {"abs", [](X x) { return abs(x[0]); }, {k}, 2, 2},
      {"abs of a cube", [](X x) { return abs(x[0] * x[0] * x[0]); }, {k}},
      {"sign as a constant", [](X x) { return sign(x[0]) * x[0]; }, {k}, 2, 2},
      {"clamp", [](X x) { return clamp(x[0], -1, 1); }, {k}, 2, 2},
      {"clamp of a cube", [](X x) { return clamp(x[0] * x[0] * x[0], -1, 1); }, {k}},
      {"max", [](X x) { return max(x[0], x[1]); }, {k, (Var(k) + Var(away_from_kinks({3, 4}))).value()}, 2, 2},
      {"max, b smaller", [](X x) { return max(x[0], x[1]); }, {normal({2, 3}), Tensor({1, 3}, Real(0.1))}, 2, 2},
      {"max of products", [](X x) { return max(x[0] * x[1], x[1] * x[1]); }, {apart, k}},
      {"where", [=](X x) { return where(condition, x[0], x[1]); }, {x, p}, 2, 2},
      {"where, b smaller", [=](X x) { return where(condition, x[0], x[1]); }, {x, positive({2, 1})}, 2, 2},
      {"where, a, condition smaller", [=](X x) { return where(row, x[0], x[1]); }, {positive({}), x}, 2, 2},
      {"where of products", [=](X x) { return where(condition, x[0] * x[1], x[0] * x[0]); }, {x, p}},
  };
}

std::vector<Case> shapes_and_sums() {
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
      {"log_softmax", [](X x) { return log_softmax(x[0]); }, {x}, 3},
      {"log_softmax, one row", [](X x) { return log_softmax(x[0]); }, {normal({1, 4})}},
      {"reshape", [](X x) { return reshape(x[0], {3, 4}); }, {y}, 2, 2},
      {"flatten", [](X x) { return flatten(x[0]); }, {y}, 2, 2},
      {"transpose", [](X x) { return transpose(x[0]); }, {x}, 2, 2},
      {"slice, axis 0", [](X x) { return slice(x[0], 0, 1, 2); }, {y}, 2, 2},
      {"slice, axis 1", [](X x) { return slice(x[0], 1, 0, 2); }, {y}, 2, 2},
      {"slice, last axis", [](X x) { return slice(x[0], -1, 1, 2); }, {y}, 2, 2},
      {"pad, axis 0", [](X x) { return pad(x[0], 0, 1, 0); }, {y}, 2, 2},
      {"pad, axis 1", [](X x) { return pad(x[0], 1, 2, 1); }, {y}, 2, 2},
      {"pad, last axis", [](X x) { return pad(x[0], -1, 0, 2); }, {y}, 2, 2},
      {"concat, axis 0", [](X x) { return concat({x[0], x[1]}, 0); }, {y, normal({1, 3, 2})}, 2, 2},
      {"concat, axis 1", [](X x) { return concat({x[0], x[1], x[2]}, 1); }, {y, normal({2, 1, 2}), y}, 2, 2},
      {"concat, last axis", [](X x) { return concat({x[0], x[1], x[0]}, -1); }, {y, normal({2, 3, 1})}, 2, 2},
      {"concat of products", [](X x) { return concat({x[0] * x[1], x[1] * x[1]}, 1); }, {y, normal({2, 3, 2})}},
  };
}

std::vector<Case> products() {
  const Tensor a = normal({2, 3}), b = normal({3, 4}), x = normal({2, 3}), w = normal({4, 3}), bias = normal({4});
  return {
      {"matmul", [](X x) { return matmul(x[0], x[1]); }, {a, b}, 3, 3},
      {"matmul a b^T", [](X x) { return matmul(x[0], x[1], Product::abT); }, {a, normal({4, 3})}},
      {"matmul a^T b", [](X x) { return matmul(x[0], x[1], Product::aTb); }, {normal({3, 2}), b}},
      {"matmul, one Var twice", [](X x) { return matmul(x[0], x[0], Product::abT); }, {a}},
      {"linear", [](X x) { return linear(x[0], x[1], x[2]); }, {x, w, bias}},
      {"linear, tanh", [](X x) { return tanh(linear(x[0], x[1], x[2])); }, {x, w, bias}},
  };
}
// clang-format on

std::vector<Case> convolutions() {
  std::vector<Case> cases;
  const std::pair<const char*, Geometry> geometries[] = {{"3x3", plain},           {"4x4 stride 2", strided},
                                                         {"uneven", uneven},       {"sparse", sparse},
                                                         {"far padding", far_out}, {"cropping", cropping}};
  for (const auto& named : geometries) {
    const Geometry k = named.second;
    const Tensor x = normal({2, 2, 5, 4}), w = normal({3, 2, k.kernel_h, k.kernel_w}), small = normal({2, 3, 2, 2});
    const Tensor g = normal({2, 3, k.windows_h(5), k.windows_w(4)});
    const std::string of = std::string(", ") + named.first;
    cases.push_back({"conv2d" + of, [k](X x) { return conv2d(x[0], x[1], k); }, {x, w}});
    cases.push_back({"conv2d with bias" + of, [k](X x) { return conv2d(x[0], x[1], x[2], k); }, {x, w, normal({3})}});
    const Geometry up =
        k == far_out ? geometry(2, 2, 3, 3, 1, 0, 0, 1) : k;  // padding beyond the kernel leaves nothing
    cases.push_back({"conv_transpose2d" + of, [up](X x) { return conv_transpose2d(x[0], x[1], up); }, {small, w}});
    cases.push_back({"conv_transpose2d with bias" + of,
                     [up](X x) { return conv_transpose2d(x[0], x[1], x[2], up); },
                     {small, w, normal({2})}});
    cases.push_back(
        {"conv2d_weight_gradient" + of, [k](X x) { return conv2d_weight_gradient(x[0], x[1], k); }, {x, g}});
  }
  cases.push_back({"conv2d, tanh, conv_transpose2d",
                   [](X x) { return conv_transpose2d(tanh(conv2d(x[0], x[1], strided)), x[1], strided); },
                   {normal({1, 1, 4, 4}), next().normal({2, 1, 4, 4}, 0, Real(0.3))},
                   3});
  return cases;
}

std::vector<Case> normalizations_and_losses() {
  const Real epsilon = Real(1e-3);
  const auto normed = [=](X x) { return batch_norm(x[0], x[1], x[2], epsilon).y; };
  const auto upstream = [=](X x) { return tanh(batch_norm(x[0] * x[1], x[1], x[1], epsilon).y); };
  const Tensor p = probabilities({4, 1}), logits = normal({4, 1}), targets({4, 1}, {0, 1, Real(0.25), 1}),
               rows = normal({3, 4});
  // clang-format off
  return {
      {"batch_norm of rows", normed, {normal({4, 3}), normal({3}), normal({3})}, 3},
      {"batch_norm of 40 rows", normed, {normal({40, 2}), normal({2}), normal({2})}},
      {"batch_norm of pictures", normed, {normal({2, 2, 2, 3}), normal({2}), normal({2})}, 3},
      {"batch_norm, gamma also upstream", upstream, {normal({4, 2}), positive({2})}, 3},
      {"bce_with_logits, target 1", [](X x) { return bce_with_logits(x[0], 1); }, {logits}, 3},
      {"bce_with_logits, target 0.1", [](X x) { return bce_with_logits(x[0], Real(0.1)); }, {logits}},
      {"bce_with_logits, targets", [=](X x) { return bce_with_logits(x[0], targets); }, {logits}},
      {"bce_on_probabilities, target 0", [](X x) { return bce_on_probabilities(x[0], 0); }, {p}, 3},
      {"bce_on_probabilities, target 0.9", [](X x) { return bce_on_probabilities(x[0], Real(0.9)); }, {p}},
      {"softmax_cross_entropy", [](X x) { return softmax_cross_entropy(x[0], {2, 0, 3}); }, {rows}, 3},
      {"mean_squared_error", [](X x) { return mean_squared_error(x[0], x[1]); }, {rows, normal({3, 4})}, 3, 3},
  };
  // clang-format on
}

std::vector<Case> table() {
  std::vector<Case> all;
  for (const auto& family : {arithmetic(), functions_of_one_number(), shapes_and_sums(), products(), convolutions(),
                             normalizations_and_losses()})
    all.insert(all.end(), family.begin(), family.end());
  return all;
}

void check(const std::string& name, const Function& f, const Tensors& x, int order, int zero_from_order,
           bool jacobian) {
  CAPTURE(name);
  try {
    const auto result =
        check_grads(f, x, order, {.function = name, .jacobian = jacobian, .zero_from_order = zero_from_order});
    CHECK_MESSAGE(result.ok(), result);
  } catch (const Error& error) {
    FAIL_CHECK(error.what());  // and on with the table
  }
}

}  // namespace

TEST_SUITE("gradients" * doctest::skip(sizeof(Real) == sizeof(float))) {
  TEST_CASE("each operation, along random directions and entry by entry") {
    for (const Case& c : table()) {
      check(c.name, c.f, c.x, c.order, c.zero_from_order, false);
      check(c.name + ", Jacobian", c.f, c.x, 2, c.zero_from_order, true);
    }
  }

  TEST_CASE("each argument alone, the others constants") {
    for (const Case& c : table())
      for (std::size_t i = 0; i < c.x.size() && c.x.size() > 1; ++i) {
        const Function alone = [&](const Vars& x) {
          Vars all(c.x.begin(), c.x.end());
          all[i] = x[0];
          return c.f(all);
        };
        check(c.name + ", x[" + std::to_string(i) + "] alone", alone, {c.x[i]}, 2, 2, false);
      }
  }

  TEST_CASE("fan-out: arguments used twice, results used twice") {
    for (const Case& c : table()) {
      const Function twice = [&](const Vars& x) {
        Vars larger;
        for (const Var& v : x) larger.push_back(Real(1.25) * v);
        return c.f(x) + c.f(larger);
      };
      const Function squared = [&](const Vars& x) {
        const Var y = c.f(x);
        return y * y + y;
      };
      check(c.name + ", f(x) + f(1.25 x)", twice, c.x, 2, c.zero_from_order, false);
      check(c.name + ", y y + y", squared, c.x, 2, 0, false);
    }
  }
}
