// A small network against differences of values, by its input (first and second order) and by its parameters, as an
// optimiser gets these. Each layer by itself stands in the table of gradient checks. In double only: differences of
// floats are too coarse to judge a gradient.
#include "autograd/gradient_check.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

// d/dt of f at 0, by the central difference of fourth order
template <class F>
double slope(F f) {
  const double h = 1e-3;
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

void check_parameters(Layer& layer, Pass pass, const Tensor& x) {
  const Tensor cotangent = Random(8)("cotangent").normal(layer.output_shape(x.shape()));
  const auto loss = [&](const Pass& p) { return sum(layer(p, x) * cotangent); };
  Tape tape;
  pass.tape = &tape;
  const Gradients gradients = tape.gradient(loss(pass), layer.parameters());
  pass.tape = nullptr;
  for (const auto& pair : gradients) {
    Parameter* const parameter = pair.first;
    CAPTURE(parameter->name());
    const Tensor at = parameter->value(), direction = Random(8)(parameter->name()).normal(at.shape());
    const double expected = slope([&](double t) {
      parameter->assign((Var(at) + Var(direction) * t).value());
      return loss(pass).item();
    });
    parameter->assign(at);
    CHECK(sum(Var(pair.second) * direction).item() == doctest::Approx(expected).epsilon(1e-6));
  }
}

// Away from the starting values 0 and 1, so that a wrong one shows.
void stir(Layer& layer) {
  for (Parameter* p : layer.parameters()) p->assign(Random(6)(p->name()).normal(p->shape()));
  for (Buffer* b : layer.buffers()) b->assign(Random(6)(b->name()).uniform(b->shape(), Real(0.5), 2));
}

}  // namespace

TEST_CASE("gradients of a small discriminator agree with differences" * doctest::skip(sizeof(Real) == 4)) {
  Sequential d;
  const Random r(1);
  const Shape pictures{3, 1, 6, 6};
  // No bias: before a batch norm its gradient is zero, and comparing noise proves nothing.
  d.add<Conv2d>(pictures,
                ConvOptions{.channels = 4, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .bias = false},
                r(0));
  d.add<BatchNorm>(d.output_shape(pictures), BatchNormOptions{}, r(1));
  d.add<Tanh>();  // smooth: a difference of values may not step over a kink
  d.add<Dropout>(0.3);
  d.add<Flatten>();
  d.add<Linear>(d.output_shape(pictures), LinearOptions{.features = 1}, r(5));
  d.add<Sigmoid>();
  stir(d);
  const Pass pass = Pass::training(Random(3)).without_running_statistics();
  const Tensor x = numbers(pictures);
  const GradientCheck check = check_grads([&](const Vars& v) { return d(pass, v[0]); }, {x}, 2, {.function = "d"});
  CHECK_MESSAGE(check.ok(), check);
  check_parameters(d, pass, x);
}
