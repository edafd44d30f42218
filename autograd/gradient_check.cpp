#include "autograd/gradient_check.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <type_traits>

#include "autograd/error.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"

namespace tapestry {

namespace {

using Function = std::function<Vars(Tape& tape, const Vars& x)>;

constexpr Real h = Real(1e-3);

Vars record(Tape& tape, const Tensors& x) {
  Vars recorded;
  for (const Tensor& t : x) recorded.push_back(tape.variable(t));
  return recorded;
}

// The sum of <y[k], c[k]> over random cotangents c.
Var project(const Vars& y, const Random& random) {
  Var sum_of_products = Tensor({}, 0);
  for (std::size_t k = 0; k < y.size(); ++k)
    sum_of_products = sum_of_products + sum(y[k] * random(static_cast<Index>(k)).normal(y[k].shape()));
  return sum_of_products;
}

Vars gradient(Tape& tape, const Var& loss, const Vars& x, bool record) {
  if (loss.recorded()) return tape.gradient(loss, x, {.record = record, .zeros_where_unreached = true});
  Vars zeros;  // the derivative of a linear function is a constant
  for (const Var& v : x) zeros.push_back(Tensor(v.shape(), 0));
  return zeros;
}

std::vector<Real> flat(const Vars& y) {
  std::vector<Real> all;
  for (const Var& v : y) all.insert(all.end(), v.value().data(), v.value().data() + v.value().size());
  return all;
}

Real dot(const Tensor& a, const Tensor& b) {
  Real sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

bool is_zero(const Var& v) { return dot(v.value(), v.value()) == 0; }

Tensor one_hot(const Shape& shape, Index i) {
  Tensor t(shape, 0);
  t.writable()[i] = 1;
  return t;
}

// (2, 0, 1): the place of entry i in row-major order.
std::string place(const Shape& shape, Index i) {
  std::string text;
  for (int axis = shape.rank() - 1; axis >= 0; i /= shape[axis--])
    text = std::to_string(i % shape[axis]) + (text.empty() ? "" : ", ") + text;
  return "(" + text + ")";
}

struct Direction {  // in one argument
  std::size_t argument;
  Tensor v;
  std::string text;
};

std::vector<Direction> random_directions(const Tensors& x, const Random& random) {
  std::vector<Direction> directions;
  for (std::size_t i = 0; i < x.size(); ++i)
    directions.push_back({i, random(static_cast<Index>(i)).normal(x[i].shape()), " along a random direction"});
  return directions;
}

std::vector<Direction> unit_directions(const Tensors& x) {
  std::vector<Direction> directions;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (Index k = 0; k < x[i].size(); ++k) directions.push_back({i, one_hot(x[i].shape(), k), place(x[i].shape(), k)});
  return directions;
}

// All outputs of f, differentiated along one direction by differences of values.
std::vector<Real> difference(const Function& f, const Tensors& x, const Direction& direction) {
  auto at = [&](Real step) {
    Tensors moved = x;
    Real* const to = moved[direction.argument].writable();
    for (Index i = 0; i < direction.v.size(); ++i) to[i] += step * direction.v[i];
    Tape tape;
    return flat(f(tape, record(tape, moved)));
  };
  const std::vector<Real> near_right = at(h), near_left = at(-h), far_right = at(2 * h), far_left = at(-2 * h);
  std::vector<Real> slope(near_right.size());
  for (std::size_t j = 0; j < slope.size(); ++j)
    slope[j] = (8 * (near_right[j] - near_left[j]) - (far_right[j] - far_left[j])) / (12 * h);
  return slope;
}

class Checker {
 public:
  Checker(const Tensors& x, const GradientCheckOptions& options, GradientCheck& result)
      : x_(x), options_(options), result_(result) {}

  // f is the function itself at order 1, and the gradient of order - 1 after that.
  void check(const Function& f, const Random& random, int order) {
    order_ = order;
    check_projection(f, random);
    if (options_.jacobian) {
      compare(f, unit_directions(x_));
    } else {
      const Function projection = [&](Tape& tape, const Vars& x) { return Vars{project(f(tape, x), random)}; };
      compare(projection, random_directions(x_, random("direction")));
    }
  }

 private:
  template <class... Parts>
  void problem(const Parts&... parts) {
    std::ostringstream text;
    text << std::setprecision(10) << "order " << order_ << ": ";
    (text << ... << parts);
    result_.problems.push_back(text.str());
  }

  // The gradient of the projection: the same whether it is recorded or not, and not zero.
  void check_projection(const Function& f, const Random& random) {
    Tape tape;
    const Vars x = record(tape, x_);
    const Var projection = project(f(tape, x), random);
    const Vars plain = gradient(tape, projection, x, false), recorded = gradient(tape, projection, x, true);
    Real largest = 0;
    for (const Vars& dx : {plain, recorded})
      for (Real entry : flat(dx)) largest = std::max(largest, std::abs(entry));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Tensor &p = plain[i].value(), &r = recorded[i].value();
      for (Index k = 0; k < p.size(); ++k)
        if (!(std::abs(p[k] - r[k]) <= Real(1e-12) * largest))
          problem("gradient by x[", i, "]", place(p.shape(), k), ": ", p[k], " unrecorded, ", r[k], " recorded");
    }
    if (options_.zero_from_order && order_ >= options_.zero_from_order) return;
    if (largest == 0)
      problem("the gradient is zero everywhere; expected a point where it is not, or {.zero_from_order = ", order_,
              "}");
    else if (order_ == 1)
      for (std::size_t i = 0; i < x.size(); ++i)
        if (is_zero(plain[i]))
          problem("the gradient by x[", i, "] is zero everywhere; expected an argument that matters");
  }

  // Every output of f by every direction.
  void compare(const Function& f, const std::vector<Direction>& directions) {
    std::vector<std::vector<Real>> differences;
    for (const Direction& d : directions) differences.push_back(difference(f, x_, d));
    Tape tape;
    const Vars x = record(tape, x_), y = f(tape, x);
    std::size_t j = 0;  // counts the entries of all outputs
    for (std::size_t k = 0; k < y.size(); ++k)
      for (Index i = 0; i < y[k].shape().size(); ++i, ++j) {
        const Vars dx = gradient(tape, sum(y[k] * one_hot(y[k].shape(), i)), x, false);
        for (std::size_t d = 0; d < directions.size(); ++d)
          compare(directions[d], dx, differences[d][j], output(k, place(y[k].shape(), i)));
      }
  }
  void compare(const Direction& d, const Vars& dx, Real by_differences, const std::string& output) {
    const Real by_tape = dot(dx[d.argument].value(), d.v);
    ++result_.compared;
    Real off = std::abs(by_tape - by_differences) / (std::abs(by_differences) + Real(0.01));
    if (std::isnan(off)) off = INFINITY;
    result_.largest_difference = std::max(result_.largest_difference, off);
    if (off > Real(1e-6))
      problem(output, " by x[", d.argument, "]", d.text, ": ", by_tape, " by the tape, ", by_differences,
              " by differences");
  }

  std::string output(std::size_t k, const std::string& place) const {
    if (!options_.jacobian) return "projection";
    return order_ == 1 ? "f" + place : "gradient by x[" + std::to_string(k) + "]" + place;
  }

  const Tensors& x_;
  const GradientCheckOptions& options_;
  GradientCheck& result_;
  int order_ = 0;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const GradientCheck& check) {
  constexpr std::size_t shown = 10;
  out << check.function << ": " << check.compared << " derivatives up to order " << check.order
      << " compared, largest relative difference " << check.largest_difference << ", ";
  if (check.problems.empty()) return out << "no problem\n";
  out << check.problems.size() << (check.problems.size() == 1 ? " problem\n" : " problems\n");
  for (std::size_t i = 0; i < std::min(shown, check.problems.size()); ++i) out << "  " << check.problems[i] << '\n';
  if (check.problems.size() > shown) out << "  and " << check.problems.size() - shown << " more\n";
  return out;
}

GradientCheck check_grads(const std::function<Var(const Vars& x)>& f, const Tensors& x, int order,
                          const GradientCheckOptions& options) {
  if constexpr (!std::is_same_v<Real, double>)
    fail(
        "check_grads: this build computes in float; expected double, since differences of floats are too coarse to "
        "judge "
        "a gradient; build with make REAL=double");
  if (order < 1 || x.empty())
    fail("check_grads: got order ", order, " and ", x.size(), " arguments; expected 1 or more of each");
  GradientCheck result{options.function, order, 0, 0, {}};
  Checker checker(x, options, result);
  Function y = [&f](Tape&, const Vars& x) { return Vars{f(x)}; };
  Random random(options.seed);
  for (int k = 1; k <= order; ++k, random = random("next order")) {
    checker.check(y, random, k);
    y = [y, random](Tape& tape, const Vars& x) { return gradient(tape, project(y(tape, x), random), x, true); };
  }
  return result;
}

}  // namespace tapestry
