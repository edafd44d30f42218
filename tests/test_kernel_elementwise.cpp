// Elementwise kernels, batch normalisation and the optimisers against plain loops in double.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/normalization.hpp"
#include "autograd/kernels/optimizers.hpp"
#include "autograd/kernels/rectifier.hpp"
#include "autograd/random.hpp"
#include "tests/relative_error.hpp"

using namespace tapestry;

namespace {

constexpr bool in_double = sizeof(Real) == sizeof(double);
const double tolerance = in_double ? 1e-13 : 2e-6;  // of the largest value
constexpr Index many = 33333;                       // some blocks of the kernels, and an odd rest
using Doubles = std::vector<double>;
using Numbers = std::vector<Real>;

struct Function {
  std::string name;
  Tensor (*kernel)(Tensor);
  double (*formula)(double);
  double low, high;
};
const Function functions[] = {
    {"add a number", [](Tensor x) { return kernels::add(x.take(), 3); }, [](double x) { return x + 3; }, -2, 2},
    {"multiply by a number", [](Tensor x) { return kernels::multiply(x.take(), 3); }, [](double x) { return 3 * x; },
     -2, 2},
    {"divide a number", [](Tensor x) { return kernels::divide(3, x.take()); }, [](double x) { return 3 / x; }, 1, 2},
    {"exp", kernels::exp, std::exp, -3, 3},
    {"log", kernels::log, std::log, 0.1, 5},
    {"expm1", kernels::expm1, std::expm1, -3, 3},
    {"log1p", kernels::log1p, std::log1p, -0.9, 5},
    {"sin", kernels::sin, std::sin, -7, 7},
    {"cos", kernels::cos, std::cos, -7, 7},
    {"sqrt", kernels::sqrt, std::sqrt, 0, 5},
    {"pow 2", [](Tensor x) { return kernels::pow(x.take(), 2); }, [](double x) { return x * x; }, -2, 2},
    {"pow 3", [](Tensor x) { return kernels::pow(x.take(), 3); }, [](double x) { return x * x * x; }, -2, 2},
    {"tanh", kernels::tanh, std::tanh, -3, 3},
    {"sigmoid", kernels::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -3, 3},
    {"softplus", kernels::softplus, [](double x) { return std::log(1 + std::exp(x)); }, -3, 3},
    {"relu", [](Tensor x) { return kernels::rectify(x.take(), 0); }, [](double x) { return x > 0 ? x : 0; }, -2, 2},
    {"leaky_relu", [](Tensor x) { return kernels::rectify(x.take(), 0.25); },
     [](double x) { return x > 0 ? x : 0.25 * x; }, -2, 2},
    {"abs", kernels::abs, [](double x) { return std::abs(x); }, -2, 2},
    {"sign", kernels::sign, [](double x) { return x > 0 ? 1.0 : -1.0; }, -2, 2},
    {"clamp", [](Tensor x) { return kernels::clamp(x.take(), -1, 0.5); },
     [](double x) { return std::min(std::max(x, -1.0), 0.5); }, -2, 2},
    {"within", [](Tensor x) { return kernels::within(x.take(), -1, 0.5); },
     [](double x) { return double(x >= -1 && x <= 0.5); }, -2, 2},
};

struct Pairwise {
  std::string name;
  Tensor (*kernel)(Tensor, const Tensor&);
  double (*formula)(double, double);
};
const Pairwise pairwise[] = {
    {"add", kernels::add, [](double a, double b) { return a + b; }},
    {"subtract", kernels::subtract, [](double a, double b) { return a - b; }},
    {"multiply", kernels::multiply, [](double a, double b) { return a * b; }},
    {"divide", kernels::divide, [](double a, double b) { return a / b; }},
    {"maximum", kernels::maximum, [](double a, double b) { return std::max(a, b); }},
    {"greater", kernels::greater, [](double a, double b) { return a > b    ? 1
                                                                  : a == b ? 0.5
                                                                           : 0; }},
    {"equal", kernels::equal, [](double a, double b) { return a == b ? 1.0 : 0.0; }},
    {"scale_where_not_positive",
     [](Tensor a, const Tensor& b) {
       Tensor positive;
       kernels::rectify(b, 0, &positive);
       return kernels::scale_where_not_positive(a.take(), positive, 0.25);
     },
     [](double a, double b) { return b > 0 ? a : 0.25 * a; }},
};

Tensor copy(const Tensor& t) { return Tensor(t.shape(), t.numbers()); }
Tensor row(Numbers numbers) { return Tensor({Index(numbers.size())}, numbers); }
bool same_bits(const Tensor& a, const Tensor& b) { return !std::memcmp(a.data(), b.data(), a.size() * sizeof(Real)); }

// A tensor that is given away is written in place; one that has another owner stays as it is. The results agree.
template <class F>
void check_in_place(Tensor x, F kernel) {
  const Tensor before = copy(x), y = kernel(x);
  CHECK(same_bits(x, before));
  const Real* const place = x.data();
  const Tensor written = kernel(x.take());
  CHECK(written.data() == place);
  CHECK(same_bits(written, y));
}

}  // namespace

TEST_CASE("kernels: functions of one number") {
  for (const auto& function : functions) {
    const auto kernel = function.kernel;
    CAPTURE(function.name);
    const Tensor x = Random(61).uniform({many}, Real(function.low), Real(function.high));
    Doubles expected;
    for (Real v : x.numbers()) expected.push_back(function.formula(v));
    CHECK(relative_error(kernel(x), expected) <= tolerance);
    check_in_place(copy(x), kernel);
  }
}

TEST_CASE("kernels: functions of two numbers") {
  const Tensor a = kernels::multiply(Random(62).uniform({many}, -2, 2), 1);
  Numbers of_b = Random(63).uniform({many}, -2, 2).numbers();
  for (Index i = 0; i < many; i += 5) of_b[i] = a[i];  // equal ones too
  const Tensor b = row(of_b);
  for (const auto& function : pairwise) {
    const auto kernel = function.kernel;
    const auto formula = function.formula;
    CAPTURE(function.name);
    Index wrong = 0;
    const Tensor y = kernel(a, b);
    for (Index i = 0; i < many; ++i) wrong += !(y[i] == Real(formula(a[i], b[i])));  // rounded once: exact
    CHECK(wrong == 0);
    check_in_place(copy(a), [&](Tensor x) { return kernel(x.take(), b); });
  }
  const Tensor condition = kernels::within(a, -1, 1), chosen = kernels::where(condition, a, b);
  Index wrong = 0;
  for (Index i = 0; i < many; ++i) wrong += !(chosen[i] == (condition[i] != 0 ? a[i] : b[i]));
  CHECK(wrong == 0);
}

TEST_CASE("kernels: rectifiers note what is positive, a bit for each number") {
  for (const Index size : {Index(1), Index(31), Index(512), Index(1500), many}) {
    const Tensor x = Random(64).uniform({size}, -2, 2), g = Random(65).uniform({size}, -2, 2);
    Tensor of_relu, of_leaky_relu;
    CHECK(same_bits(kernels::rectify(copy(x), 0, &of_relu), kernels::rectify(x, 0)));
    CHECK(same_bits(kernels::rectify(copy(x), 0.25, &of_leaky_relu), kernels::rectify(x, 0.25)));
    CHECK(same_bits(of_relu, of_leaky_relu));
    const Index numbers = 16 * 8 * Index(sizeof(Real));  // in a group of words
    CHECK(of_relu.size() == (size + numbers - 1) / numbers * 16);
    const Tensor dx = kernels::scale_where_not_positive(g, of_relu, 0.25);
    Index wrong = 0;
    for (Index i = 0; i < size; ++i) wrong += !(dx[i] == (x[i] > 0 ? g[i] : g[i] * Real(0.25)));
    CHECK(wrong == 0);
  }
  Tensor positive;
  kernels::rectify(row({0, -1, NAN, INFINITY}), 0, &positive);
  CHECK(kernels::scale_where_not_positive(row({8, 8, 8, 8}), positive, 0.5).numbers() == Numbers{4, 4, 4, 8});
}

TEST_CASE("kernels: special numbers") {
  const Real nan = NAN, infinity = INFINITY, far = 10000;
  CHECK(kernels::exp(row({0, -far, far, -infinity})).numbers() == Numbers{1, 0, infinity, 0});
  CHECK(kernels::log(row({1, 0})).numbers() == Numbers{0, -infinity});
  CHECK(kernels::expm1(row({0, -far, far, -infinity, infinity})).numbers() == Numbers{0, -1, infinity, -1, infinity});
  CHECK(kernels::log1p(row({0, -1, infinity})).numbers() == Numbers{0, -infinity, infinity});
  CHECK(std::isnan(kernels::log1p(row({-2})).item()));
  CHECK(kernels::sin(row({0})).item() == 0);
  CHECK(kernels::cos(row({0})).item() == 1);
  for (const auto kernel : {kernels::expm1, kernels::log1p, kernels::sin, kernels::cos}) {
    CHECK(std::isnan(kernel(row({nan})).item()));
  }
  for (const Real tiny : {Real(1e-4), Real(-1e-6), Real(3e-9), Real(1e-20)}) {  // exp(x) - 1 would have lost all digits
    CHECK(relative_error(kernels::expm1(row({tiny})), {std::expm1(double(tiny))}) <= tolerance);
    CHECK(relative_error(kernels::log1p(row({tiny})), {std::log1p(double(tiny))}) <= tolerance);
  }
  for (const Real large : {Real(100.5), Real(-3000.25), Real(1e5)}) {
    CHECK(kernels::sin(row({large})).item() == doctest::Approx(std::sin(double(large))).epsilon(1e-5));
    CHECK(kernels::cos(row({large})).item() == doctest::Approx(std::cos(double(large))).epsilon(1e-5));
  }
  CHECK(kernels::sigmoid(row({0, far})).numbers() == Numbers{Real(0.5), 1});
  CHECK(kernels::sigmoid(row({-far})).item() == doctest::Approx(0));
  CHECK(kernels::softplus(row({far})).item() == far);
  const Real nothing =
      kernels::softplus(row({-far})).item();  // without AVX-512, exp ends just below the smallest normal number
  CHECK(nothing >= 0);
  CHECK(nothing < std::numeric_limits<Real>::min());
  CHECK(kernels::tanh(row({0, -far, far})).numbers() == Numbers{0, -1, 1});
  CHECK(kernels::rectify(row({0, -far}), 0).numbers() == Numbers{0, 0});
  CHECK(kernels::sign(row({0, -far, far})).numbers() == Numbers{0, -1, 1});
  CHECK(kernels::within(row({-1, 1, 0, 2}), -1, 1).numbers() == Numbers{1, 1, 1, 0});
  CHECK(kernels::rectify(row({0, -2}), 0.5).numbers() == Numbers{0, -1});
  for (const auto& function : functions) {
    const auto kernel = function.kernel;
    CAPTURE(function.name);
    if (kernel != functions[std::size(functions) - 1].kernel) CHECK(std::isnan(kernel(row({nan}))[0]));  // not `within`
  }
  CHECK(std::isnan(kernels::maximum(row({nan}), row({1}))[0]));
  CHECK(std::isnan(kernels::maximum(row({1}), row({nan}))[0]));
}

TEST_CASE("kernels: batch normalisation") {
  const Shape shapes[] = {{1, 1},       {7, 5},       {33, 3},       {100, 70},      {64, 130},
                          {3, 2, 1, 2}, {5, 3, 4, 7}, {33, 6, 5, 3}, {70, 2, 13, 13}};
  for (const Shape& shape : shapes)
    for (const double far : {0.0, 3.0, 1e4}) {
      CAPTURE(shape.text());
      CAPTURE(far);
      const Index C = shape[1], area = shape.size() / (shape[0] * C), count = shape[0] * area;
      const Tensor x = Random(71).normal(shape, Real(far)), g = Random(72).normal(shape, 0.5),
                   gamma = Random(73).uniform({C}, 1, 2), beta = Random(74).uniform({C}, 1, 2);
      Doubles mean(C), variance(C), dbeta(C), dgamma(C), dx(x.size()), y(x.size());
      const auto channel = [&](Index i) { return i / area % C; };
      for (Index i = 0; i < x.size(); ++i) mean[channel(i)] += double(x[i]) / count;
      for (Index i = 0; i < x.size(); ++i) variance[channel(i)] += std::pow(x[i] - mean[channel(i)], 2) / count;
      const kernels::ChannelStatistics got = kernels::channel_statistics(x);
      const Tensor &got_mean = got.mean, &got_variance = got.variance;
      const double rounding = in_double ? 1e-15 : 1e-7;
      CHECK(relative_error(got_mean, mean, 1) <= tolerance);
      CHECK(relative_error(got_variance, variance, 1) <= std::max(tolerance, 100 * rounding * rounding * far * far));
      CHECK(got_mean.shape() == Shape{C});
      CHECK(got_variance.shape() == Shape{C});

      const Tensor scale = kernels::divide(1, kernels::sqrt(kernels::add(got_variance, Real(0.1))));
      const auto centred = [&](Index i) { return double(x[i]) - got_mean[channel(i)]; };
      for (Index i = 0; i < x.size(); ++i) {
        const Index c = channel(i);
        y[i] = centred(i) * gamma[c] + beta[c];
        dbeta[c] += g[i];
        dgamma[c] += g[i] * centred(i) * scale[c];
      }
      for (Index i = 0; i < x.size(); ++i) {
        const Index c = channel(i);
        dx[i] = gamma[c] * scale[c] * (g[i] - dbeta[c] / count - centred(i) * scale[c] * dgamma[c] / count);
      }
      CHECK(relative_error(kernels::normalize_channels(x, got_mean, gamma, beta), y) <= tolerance);
      check_in_place(copy(x), [&](Tensor x) { return kernels::normalize_channels(x.take(), got_mean, gamma, beta); });
      const Tensors gradients = kernels::batch_norm_gradients(g, x, gamma, got_mean, scale);
      REQUIRE(gradients.size() == 3);
      CHECK(relative_error(gradients[0], dx, 1) <= tolerance);
      CHECK(relative_error(gradients[1], dgamma, std::sqrt(count)) <= tolerance);
      CHECK(relative_error(gradients[2], dbeta, std::sqrt(count)) <= tolerance);
      check_in_place(copy(g),
                     [&](Tensor g) { return kernels::batch_norm_gradients(g.take(), x, gamma, got_mean, scale)[0]; });
    }
}

TEST_CASE("kernels: adam and momentum") {
  const Tensor start = Random(81).uniform({many}, -1, 1);
  Tensor w = copy(start), m({many}, 0), v({many}, 0), other = copy(start), velocity({many}, 0);
  Doubles ew(many), em(many), ev(many), eo(many), evel(many);
  for (Index i = 0; i < many; ++i) ew[i] = eo[i] = start[i];
  const Real step = 0.25, root = 1.5, epsilon = 0.125, share = 0.75;
  for (Index k = 0; k < 3; ++k) {
    const Tensor g = Random(82)(k).uniform({many}, -1, 1);
    kernels::adam(w, g, m, v, 0.9, 0.999, step, root, epsilon);
    kernels::momentum(other, g, velocity, share, step);
    for (Index i = 0; i < many; ++i) {
      em[i] = 0.9 * em[i] + (1 - 0.9) * g[i];
      ev[i] = 0.999 * ev[i] + (1 - 0.999) * g[i] * g[i];
      ew[i] -= step * em[i] / (root * std::sqrt(ev[i]) + epsilon);
      evel[i] = share * evel[i] + g[i];
      eo[i] -= step * evel[i];
    }
    CAPTURE(k);
    CHECK(relative_error(w, ew) <= tolerance);
    CHECK(relative_error(m, em) <= tolerance);
    CHECK(relative_error(v, ev) <= tolerance);
    CHECK(relative_error(other, eo) <= tolerance);
    CHECK(relative_error(velocity, evel) <= tolerance);
  }
}
