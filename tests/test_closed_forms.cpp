// Compositions that stand in no table, differentiated on the tape up to third order, against closed forms.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <functional>
#include <string>

#include "autograd/ops.hpp"
#include "autograd/random.hpp"

using namespace tapestry;

namespace {

// f(x), f'(x), f''(x), f'''(x)
using Derivatives = std::array<double, 4>;

// y = f(u(t)) from the derivatives of f at u and those of u: the chain rule, three times (Faa di Bruno).
Derivatives chain(const Derivatives& f, const Derivatives& u) {
  return {f[0], f[1] * u[1], f[2] * u[1] * u[1] + f[1] * u[2],
          f[3] * u[1] * u[1] * u[1] + 3 * f[2] * u[1] * u[2] + f[1] * u[3]};
}
Derivatives plus(const Derivatives& a, const Derivatives& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]};
}
Derivatives times(const Derivatives& a, const Derivatives& b) {
  return {a[0] * b[0], a[1] * b[0] + a[0] * b[1], a[2] * b[0] + 2 * a[1] * b[1] + a[0] * b[2],
          a[3] * b[0] + 3 * a[2] * b[1] + 3 * a[1] * b[2] + a[0] * b[3]};
}

struct Function {
  const char* name;
  Var (*on_tape)(Var);
  Derivatives (*by_hand)(double);
};
const Function functions[] = {
    {"sin", [](Var x) { return sin(x); },
     [](double x) -> Derivatives {
       return {std::sin(x), std::cos(x), -std::sin(x), -std::cos(x)};
     }},
    {"cos", [](Var x) { return cos(x); },
     [](double x) -> Derivatives {
       return {std::cos(x), -std::sin(x), -std::cos(x), std::sin(x)};
     }},
    {"exp of half", [](Var x) { return exp(x * Real(0.5)); },
     [](double x) -> Derivatives {
       const double e = std::exp(x / 2);
       return {e, e / 2, e / 4, e / 8};
     }},
    {"expm1 of -x", [](Var x) { return expm1(-x); },
     [](double x) -> Derivatives {
       const double e = std::exp(-x);
       return {e - 1, -e, e, -e};
     }},
    {"log1p of the square", [](Var x) { return log1p(x * x); },
     [](double x) -> Derivatives {
       const double s = 1 + x * x;
       return {std::log(s), 2 * x / s, 2 * (1 - x * x) / (s * s), 4 * x * (x * x - 3) / (s * s * s)};
     }},
    {"tanh", [](Var x) { return tanh(x); },
     [](double x) -> Derivatives {
       const double y = std::tanh(x), d = 1 - y * y;
       return {y, d, -2 * y * d, d * (6 * y * y - 2)};
     }},
    {"sigmoid", [](Var x) { return sigmoid(x); },
     [](double x) -> Derivatives {
       const double y = 1 / (1 + std::exp(-x)), d = y * (1 - y);
       return {y, d, d * (1 - 2 * y), d * (1 - 6 * d)};
     }},
    {"softplus", [](Var x) { return softplus(x); },
     [](double x) -> Derivatives {
       const double y = 1 / (1 + std::exp(-x)), d = y * (1 - y);
       return {std::log1p(std::exp(x)), y, d, d * (1 - 2 * y)};
     }},
    {"silu", [](Var x) { return silu(x); },
     [](double x) -> Derivatives {
       const double y = 1 / (1 + std::exp(-x)), d = y * (1 - y), dd = d * (1 - 2 * y), ddd = d * (1 - 6 * d);
       return {x * y, y + x * d, 2 * d + x * dd, 3 * dd + x * ddd};
     }},
    {"root of 2 + x^2", [](Var x) { return sqrt(x * x + Real(2)); },
     [](double x) -> Derivatives {
       const double y = std::sqrt(2 + x * x);
       return {y, x / y, 2 / (y * y * y), -6 * x / std::pow(y, 5)};
     }},
    {"one over 2 + x^2", [](Var x) { return Real(1) / (x * x + Real(2)); },
     [](double x) -> Derivatives {
       const double s = 2 + x * x;
       return {1 / s, -2 * x / (s * s), (6 * x * x - 4) / (s * s * s), 24 * x * (2 - x * x) / std::pow(s, 4)};
     }},
    {"cube", [](Var x) { return pow(x, 3) * Real(0.1); },
     [](double x) -> Derivatives {
       return {x * x * x / 10, 3 * x * x / 10, 6 * x / 10, 0.6};
     }},
    {"a third of the square, less one", [](Var x) { return pow(x, 2) / Real(3) - Real(1); },
     [](double x) -> Derivatives {
       return {x * x / 3 - 1, 2 * x / 3, 2. / 3, 0};
     }},
    {"norm of (x, 1, x)",
     [](Var x) {
       const Var column = reshape(x, {x.shape()[0], 1});
       return norm(concat({column, Tensor(column.shape(), 1), column}, 1), {1});
     },
     [](double x) -> Derivatives {
       const double y = std::sqrt(2 * x * x + 1);
       return {y, 2 * x / y, 2 / (y * y * y), -12 * x / std::pow(y, 5)};
     }},
};
constexpr Index count = std::size(functions);

// y, y', y'', y''' at every x by the tape, for a y that is computed entry by entry.
std::array<Tensor, 4> on_tape(const std::function<Var(Var)>& f, const Tensor& at) {
  Tape tape;
  const Var x = tape.variable(at);
  Var y = f(x);
  std::array<Tensor, 4> all{y.value()};
  for (int order = 1; order <= 3; ++order) {
    y = tape.gradient(sum(y), {x}, {.record = true, .zeros_where_unreached = true})[0];
    all[order] = y.value();
    if (!y.recorded()) y = x * Real(0);  // a constant: all further derivatives are zero
  }
  return all;
}

void check(const std::array<Tensor, 4>& got, const std::array<double, 4>& expected, Index i) {
  for (int order = 0; order <= 3; ++order) {
    CAPTURE(order);
    const double tolerance = sizeof(Real) == sizeof(double) ? 1e-10 : 2e-3;
    CHECK(std::abs(got[order][i] - expected[order]) <= tolerance * (1 + std::abs(expected[order])));
  }
}

}  // namespace

TEST_CASE("closed forms: every function by itself") {
  const Tensor x({5}, {Real(-1.3), Real(-0.4), Real(0.25), Real(0.9), Real(1.7)});
  for (const Function& f : functions) {
    CAPTURE(f.name);
    const auto got = on_tape([&](Var v) { return f.on_tape(v); }, x);
    for (Index i = 0; i < x.size(); ++i) check(got, f.by_hand(x[i]), i);
  }
}

TEST_CASE("closed forms: random compositions") {
  const Tensor x({4}, {Real(-0.9), Real(-0.2), Real(0.35), Real(1.1)});
  for (Index i = 0; i < 200; ++i) {
    const Random random = Random(81)(i);
    const Function &f = functions[random.below(count, 0)], &g = functions[random.below(count, 1)],
                   &h = functions[random.below(count, 2)], &k = functions[random.below(count, 3)];
    const Index form = random.below(4, 4);
    CAPTURE(f.name);
    CAPTURE(g.name);
    CAPTURE(h.name);
    CAPTURE(k.name);
    CAPTURE(form);
    const auto composed = [&](Var v) -> Var {
      switch (form) {
        case 0:
          return f.on_tape(g.on_tape(sin(h.on_tape(v))));
        case 1:
          return f.on_tape(sin(g.on_tape(v))) * h.on_tape(v);
        case 2:
          return f.on_tape(tanh(g.on_tape(v) * h.on_tape(v)));
        default:
          return f.on_tape(tanh(g.on_tape(v) + h.on_tape(v))) * k.on_tape(v);
      }
    };
    const Function &sine = functions[0], &tangent = functions[5];
    const auto by_hand = [&](double at) -> Derivatives {
      const auto after = [](const Function& outer, const Derivatives& u) { return chain(outer.by_hand(u[0]), u); };
      switch (form) {
        case 0:
          return after(f, after(g, after(sine, h.by_hand(at))));
        case 1:
          return times(after(f, after(sine, g.by_hand(at))), h.by_hand(at));
        case 2:
          return after(f, after(tangent, times(g.by_hand(at), h.by_hand(at))));
        default:
          return times(after(f, after(tangent, plus(g.by_hand(at), h.by_hand(at)))), k.by_hand(at));
      }
    };
    const auto got = on_tape(composed, x);
    for (Index n = 0; n < x.size(); ++n) check(got, by_hand(x[n]), n);
  }
}

namespace {

// A function of several numbers: value, gradient, and its second and third derivative along two directions,
//   sum of f_ij u_i v_j and of f_ijk u_i v_j v_k
struct Along {
  double value;
  std::vector<double> gradient;
  double second, third;
};

void check_along(const std::function<Var(Var)>& f, const Tensor& at, const Tensor& u, const Tensor& v,
                 const Along& expected) {
  Tape tape;
  const Var x = tape.variable(at), y = f(x);
  const Var gradient = tape.gradient(y, {x}, {.record = true})[0];
  const Var second = tape.gradient(sum(gradient * u), {x}, {.record = true})[0];
  const Var third = tape.gradient(sum(second * v), {x})[0];
  const double tolerance = sizeof(Real) == sizeof(double) ? 1e-12 : 1e-5;
  const auto near = [&](double got, double wanted) {
    return std::abs(got - wanted) <= tolerance * (1 + std::abs(wanted));
  };
  CHECK(near(y.item(), expected.value));
  for (Index i = 0; i < at.size(); ++i) CHECK(near(gradient.value()[i], expected.gradient[i]));
  CHECK(near(sum(second * v).item(), expected.second));
  CHECK(near(sum(third * v).item(), expected.third));
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += double(a[i]) * b[i];
  return sum;
}

}  // namespace

TEST_CASE("closed forms: a norm") {
  const Tensor x = Random(82)("x").normal({2, 3}), u = Random(82)("u").normal({2, 3}),
               v = Random(82)("v").normal({2, 3});
  // |x|' u = x.u / r,  '' u v = u.v / r - (x.u)(x.v) / r^3,  ''' u v v = -(2 (x.v)(u.v) + (x.u)(v.v)) / r^3 + 3
  // (x.u)(x.v)^2 / r^5
  const double r = std::sqrt(dot(x, x)), xu = dot(x, u), xv = dot(x, v), uv = dot(u, v), vv = dot(v, v);
  Along expected{r,
                 {},
                 uv / r - xu * xv / (r * r * r),
                 -(2 * xv * uv + xu * vv) / (r * r * r) + 3 * xu * xv * xv / std::pow(r, 5)};
  for (Real number : x.numbers()) expected.gradient.push_back(number / r);
  check_along([](Var x) { return norm(x, {0, 1}); }, x, u, v, expected);
}

TEST_CASE("closed forms: log of a sum of exponentials, and the entropy of a softmax") {
  const Tensor x = Random(83)("x").normal({1, 4}), u = Random(83)("u").normal({1, 4}),
               v = Random(83)("v").normal({1, 4});
  // L = log sum exp: its derivatives are the cumulants of u and v under p = softmax(x).
  double total = 0, mu = 0, mv = 0, mean_log = 0;
  std::vector<double> p;
  for (Real number : x.numbers()) total += std::exp(double(number));
  for (Real number : x.numbers()) p.push_back(std::exp(double(number)) / total);
  for (Index i = 0; i < 4; ++i) mu += p[i] * u[i], mv += p[i] * v[i], mean_log += p[i] * std::log(p[i]);
  double uv = 0, uvv = 0, luv = 0, luvv = 0, vv = 0, lu = 0, lv = 0, lvv = 0;  // central moments; l is log p
  for (Index i = 0; i < 4; ++i) {
    const double du = u[i] - mu, dv = v[i] - mv, dl = std::log(p[i]) - mean_log;
    uv += p[i] * du * dv, vv += p[i] * dv * dv, uvv += p[i] * du * dv * dv;
    lu += p[i] * dl * du, lv += p[i] * dl * dv, lvv += p[i] * dl * dv * dv;
    luv += p[i] * dl * du * dv, luvv += p[i] * dl * du * dv * dv;
  }
  const auto first_of = [](Var x) { return slice(log_softmax(x), 1, 0, 1); };  // x[0] - L
  Along expected{std::log(p[0]), {1 - p[0], -p[1], -p[2], -p[3]}, -uv, -uvv};
  check_along([&](Var x) { return reshape(first_of(x), {}); }, x, u, v, expected);

  // H = -sum p log p. Along u: -cov(l, u). A derivative along v of a moment of centred variables adds dv to the product
  // and gives l the slope dv; a cumulant of two or three variables becomes the next one.
  const double fourth = luvv - lu * vv - 2 * lv * uv;  // the cumulant of l, u, v, v
  Along entropy{-mean_log, {}, -(luv + uv), -(fourth + 2 * uvv)};
  for (Index i = 0; i < 4; ++i) entropy.gradient.push_back(-p[i] * (std::log(p[i]) - mean_log));
  check_along([](Var x) { return -sum(softmax(x) * log_softmax(x)); }, x, u, v, entropy);
}
