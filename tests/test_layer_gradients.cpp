// Every layer against differences of values, by its input (first and second order) and by its parameters. In double
// only: differences of floats are too coarse to judge a gradient.
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

// linear_pieces: the second derivative is zero wherever there is one
void check_layer(Layer& layer, const Shape& input, bool linear_pieces = true, Pass pass = Pass::training(Random(3))) {
  CAPTURE(layer.kind());
  pass = pass.without_running_statistics();
  const Tensor x = numbers(input);
  const GradientCheck check = check_grads([&](const Vars& v) { return layer(pass, v[0]); }, {x}, 2,
                                          {.function = layer.kind(), .zero_from_order = linear_pieces ? 2 : 0});
  CHECK_MESSAGE(check.ok(), check);
  if (!layer.parameters().empty()) check_parameters(layer, pass, x);
}

// Away from the starting values 0 and 1, so that a wrong one shows.
void stir(Layer& layer) {
  for (Parameter* p : layer.parameters()) p->assign(Random(6)(p->name()).normal(p->shape()));
  for (Buffer* b : layer.buffers()) b->assign(Random(6)(b->name()).uniform(b->shape(), Real(0.5), 2));
}

}  // namespace

TEST_CASE("gradients of layers agree with differences" * doctest::skip(sizeof(Real) == 4)) {
  const Random r(1);
  const Shape rows{4, 5}, pictures{2, 3, 5, 4};
  for (bool bias : {true, false}) {
    Linear linear(rows, {.features = 3, .bias = bias}, r);
    check_layer(linear, rows);
    Conv2d conv(pictures, {.channels = 2, .kernel_h = 3, .kernel_w = 2, .stride_h = 2, .bias = bias}, r);
    check_layer(conv, pictures);
    ConvTranspose2d transposed(
        pictures, {.channels = 2, .kernel_h = 5, .kernel_w = 4, .stride_h = 2, .stride_w = 2, .bias = bias}, r);
    check_layer(transposed, pictures);
  }
  for (const Shape& input : {rows, pictures}) {
    BatchNorm norm(input, {}, r);
    stir(norm);
    check_layer(norm, input, false);
    check_layer(norm, input, true, Pass::evaluation());
  }
  LeakyRelu leaky_relu(0.2);
  Relu relu;
  Dropout dropout(0.4);
  Flatten flatten;
  Reshape reshape({10, 6});
  for (Layer* layer : std::vector<Layer*>{&leaky_relu, &relu, &dropout, &flatten, &reshape})
    check_layer(*layer, pictures);
  Tanh tanh;
  Sigmoid sigmoid;
  check_layer(tanh, pictures, false);
  check_layer(sigmoid, pictures, false);
}

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
  check_layer(d, pictures, false);
}
