// Operations on one number at a time.
#include "autograd/kernels/elementwise.hpp"

#include <algorithm>

#include "autograd/error.hpp"
#include "autograd/kernels/rectifier.hpp"
#include "autograd/ops.hpp"
#include "autograd/rectified.hpp"
#include "autograd/rule.hpp"
#include "autograd/values_stay.hpp"

namespace tapestry {
namespace {

void broadcast_both(const char* op, Var& a, Var& b) {
  if (a.shape() == b.shape()) return;
  const Shape shape = broadcast_shape(op, a.shape(), b.shape());
  a = broadcast_to(std::move(a), shape);
  b = broadcast_to(std::move(b), shape);
}

// a's value, given away if no rule will read it: the only one that would is the rule of b.
Tensor unless_read_for(const Var& b, Var& a) { return b.recorded() ? a.value() : a.take(); }

const char* name_of_rectifier(Real slope) { return slope == 0 ? "relu" : "leaky_relu"; }

// dL/dx = g where x was positive, otherwise s g. It keeps a bit of each number, which is a constant: the sign is flat.
Rule scale_where_not_positive(const Tensor& positive, Real slope) {
  return {saved(positive), [slope](Var g, Var positive) {
            Var dx = kernels::scale_where_not_positive(g.take(), positive.value(), slope);
            return apply("scale_where_not_positive", dx, {g}, {scale_where_not_positive(positive.value(), slope)});
          }};
}

}  // namespace

Var operator+(Var a, Var b) {  // y = a + b          dL/da = g          dL/db = g
  broadcast_both("add", a, b);
  Var y = kernels::add(a.take(), b.value());
  return apply("add", y, {a, b},
               {
                   [](Var g) { return g; },
                   [](Var g) { return g; },
               });
}
Var operator-(Var a, Var b) {  // y = a - b          dL/da = g          dL/db = -g
  broadcast_both("subtract", a, b);
  Var y = kernels::subtract(a.take(), b.value());
  return apply("subtract", y, {a, b},
               {
                   [](Var g) { return g; },
                   [](Var g) { return -g; },
               });
}
Var operator*(Var a, Var b) {  // y = a b            dL/da = g b        dL/db = g a
  broadcast_both("multiply", a, b);
  Var y = kernels::multiply(unless_read_for(b, a), b.value());
  return apply("multiply", y, {a, b},
               {
                   {reads(b), [](Var g, Var b) { return g * b; }},
                   {reads(a), [](Var g, Var a) { return g * a; }},
               });
}
Var operator/(Var a, Var b) {  // y = a / b          dL/da = g / b      dL/db = -g y / b
  broadcast_both("divide", a, b);
  Var y = kernels::divide(a.take(), b.value());
  return apply("divide", y, {a, b},
               {
                   {reads(b), [](Var g, Var b) { return g / b; }},
                   {reads(y, b), [](Var g, Var y, Var b) { return -g * y / b; }},
               });
}
Var operator+(Var x, Real c) {  // y = x + c         dL/dx = g
  Var y = kernels::add(x.take(), c);
  return apply("add", y, {x}, {[](Var g) { return g; }});
}
Var operator*(Var x, Real c) {  // y = c x           dL/dx = c g
  Var y = kernels::multiply(x.take(), c);
  return apply("scale", y, {x}, {[c](Var g) { return g * c; }});
}
Var operator/(Real c, Var x) {  // y = c / x         dL/dx = -g y / x
  Var y = kernels::divide(c, x.value());
  return apply("reciprocal", y, {x}, {{reads(y, x), [](Var g, Var y, Var x) { return -g * y / x; }}});
}

Var exp(Var x) {  // y = e^x                         dL/dx = g y
  Var y = kernels::exp(x.take());
  return apply("exp", y, {x}, {{reads(y), [](Var g, Var y) { return g * y; }}});
}
Var log(Var x) {  // y = ln x                        dL/dx = g / x
  Var y = kernels::log(x.value());
  return apply("log", y, {x}, {{reads(x), [](Var g, Var x) { return g / x; }}});
}
Var sqrt(Var x) {  // y = x^(1/2)                    dL/dx = g / (2 y)
  Var y = kernels::sqrt(x.take());
  return apply("sqrt", y, {x}, {{reads(y), [](Var g, Var y) { return g / (y * 2); }}});
}
Var pow(Var x, Real exponent) {                    // y = x^p          dL/dx = g p x^(p - 1)
  if (exponent == 0) return Tensor(x.shape(), 1);  // flat; the formula would divide 0 by 0 at x = 0
  Var y = kernels::pow(x.value(), exponent);
  return apply("pow", y, {x}, {{reads(x), [p = exponent](Var g, Var x) { return g * p * pow(x, p - 1); }}});
}
Var expm1(Var x) {  // y = e^x - 1                   dL/dx = g (y + 1)
  Var y = kernels::expm1(x.take());
  return apply("expm1", y, {x}, {{reads(y), [](Var g, Var y) { return g * (y + 1); }}});
}
Var log1p(Var x) {  // y = ln(1 + x)                 dL/dx = g / (1 + x)
  Var y = kernels::log1p(x.value());
  return apply("log1p", y, {x}, {{reads(x), [](Var g, Var x) { return g / (x + 1); }}});
}
Var sin(Var x) {  // y = sin x                       dL/dx = g cos x
  Var y = kernels::sin(x.value());
  return apply("sin", y, {x}, {{reads(x), [](Var g, Var x) { return g * cos(x); }}});
}
Var cos(Var x) {  // y = cos x                       dL/dx = -g sin x
  Var y = kernels::cos(x.value());
  return apply("cos", y, {x}, {{reads(x), [](Var g, Var x) { return -g * sin(x); }}});
}
Var tanh(Var x) {  // y = tanh x                     dL/dx = g (1 - y^2)
  Var y = kernels::tanh(x.take());
  return apply("tanh", y, {x}, {{reads(y), [](Var g, Var y) { return g * (1 - y * y); }}});
}
Var sigmoid(Var x) {  // y = 1 / (1 + e^-x)          dL/dx = g y (1 - y)
  Var y = kernels::sigmoid(x.take());
  return apply("sigmoid", y, {x}, {{reads(y), [](Var g, Var y) { return g * (y * (1 - y)); }}});
}
Var softplus(Var x) {  // y = ln(1 + e^x)            dL/dx = g sigmoid(x)
  Var y = kernels::softplus(x.value());
  return apply("softplus", y, {x}, {{reads(x), [](Var g, Var x) { return g * sigmoid(x); }}});
}
Var relu(Var x) { return leaky_relu(std::move(x), 0); }
Var leaky_relu(Var x, Real slope) {  // y = x or s x     dL/dx = g where y > 0, otherwise s g; y has the sign of x
  check_slope("leaky_relu", slope);
  if (slope == 1) return x;
  Tensor positive;
  Var y = kernels::rectify(x.take(), slope, x.recorded() ? &positive : nullptr);
  return apply(name_of_rectifier(slope), y, {x}, {scale_where_not_positive(positive, slope)});
}
Var elu(Var x) {  // y = x or e^x - 1                dL/dx = g (1 + min(y, 0))
  const Var v = x.value();
  Var y = relu(v) + expm1(-relu(-v));
  return apply("elu", y, {x}, {{reads(y), [](Var g, Var y) { return g * (1 - relu(-y)); }}});
}
Var abs(Var x) {  // y = |x|                         dL/dx = g sign(x)
  Var y = kernels::abs(x.value());
  return apply("abs", y, {x}, {{reads(x), [](Var g, Var x) { return g * sign(x); }}});
}
Var sign(Var x) { return kernels::sign(x.take()); }
Var clamp(Var x, Real low, Real high) {  // y = x in [low, high]     dL/dx = g where low <= x <= high, otherwise 0
  if (!(low <= high)) fail("clamp: got bounds ", low, " and ", high, "; expected the lower one first");
  Var y = kernels::clamp(x.value(), low, high);
  return apply("clamp", y, {x},
               {{reads(x), [low, high](Var g, Var x) { return g * kernels::within(x.value(), low, high); }}});
}
Var max(Var a, Var b) {  // y = max(a, b)            dL/da = g where a > b, half of g where a = b; dL/db the rest
  broadcast_both("max", a, b);
  Var y = kernels::maximum(a.value(), b.value());
  return apply("max", y, {a, b},
               {
                   {reads(a, b), [](Var g, Var a, Var b) { return g * kernels::greater(a.value(), b.value()); }},
                   {reads(a, b), [](Var g, Var a, Var b) { return g * kernels::greater(b.value(), a.value()); }},
               });
}
Var where(Tensor condition, Var a, Var b) {  // y = a or b     dL/da = g where the condition holds, dL/db = g elsewhere
  const Shape shape = broadcast_shape("where", broadcast_shape("where", a.shape(), b.shape()), condition.shape());
  const Var c = broadcast_to(condition, shape);
  a = broadcast_to(std::move(a), shape);
  b = broadcast_to(std::move(b), shape);
  Var y = kernels::where(c.value(), a.value(), b.value());
  return apply("where", y, {c, a, b},
               {
                   {},
                   {reads(c), [](Var g, Var c) { return where(c.value(), g, Tensor(Shape(), 0)); }},
                   {reads(c), [](Var g, Var c) { return where(c.value(), Tensor(Shape(), 0), g); }},
               });
}

// y = x mask     dL/dx = g mask. The mask is not kept: it is drawn again from its key.
Var dropout(Var x, double rate, Random random, Index first_sample) {
  Var y = random.dropout(x.take(), rate, first_sample);
  return apply("dropout", y, {x}, {[=](Var g) { return dropout(std::move(g), rate, random, first_sample); }});
}

// rectified.hpp
void check_slope(const char* op, Real slope) {
  if (!(slope >= 0)) fail(op, ": got a slope of ", slope, "; expected 0 or more, so that y keeps the sign of x");
}
Rectified::Rectified(const char* op, Real slope, const Shape& y, const Vars& x) : slope_(slope) {
  check_slope(op, slope);
  if (slope == 1 || ValuesStay::wanted() || !kernels::Rectifier::suits(y)) return;
  const bool recorded = std::any_of(x.begin(), x.end(), [](const Var& v) { return v.recorded(); });
  in_kernel_ = std::make_shared<kernels::Rectifier>(slope, y, recorded);
}
Var Rectified::operator()(Var y) const {
  if (!in_kernel_) return leaky_relu(std::move(y), slope_);
  Var rectified = y.take();
  return apply(name_of_rectifier(slope_), rectified, {y}, {scale_where_not_positive(in_kernel_->positive(), slope_)});
}

}  // namespace tapestry
