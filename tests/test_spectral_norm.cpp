// Spectral normalisation: its power iteration, what it hands to its layer, and values that stand in for parameters.
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

using Doubles = std::vector<double>;

struct Vectors {
  Doubles u, v;
  double sigma;
};

void normalise(Doubles& x) {
  double squares = 0;
  for (double number : x) squares += number * number;
  for (double& number : x) number /= std::sqrt(squares);
}

// One power iteration on W (out, rest) from u, by plain loops.
Vectors iterated(const Doubles& W, const Doubles& u) {
  const std::size_t out = u.size(), rest = W.size() / out;
  Vectors to{Doubles(out), Doubles(rest), 0};
  for (std::size_t i = 0; i < out; ++i)
    for (std::size_t j = 0; j < rest; ++j) to.v[j] += W[i * rest + j] * u[i];
  normalise(to.v);
  for (std::size_t i = 0; i < out; ++i)
    for (std::size_t j = 0; j < rest; ++j) to.u[i] += W[i * rest + j] * to.v[j];
  normalise(to.u);
  for (std::size_t i = 0; i < out; ++i)
    for (std::size_t j = 0; j < rest; ++j) to.sigma += to.u[i] * W[i * rest + j] * to.v[j];
  return to;
}

Doubles in_double(const Tensor& t) {
  const std::vector<Real> numbers = t.numbers();
  return {numbers.begin(), numbers.end()};
}

void check_near(const Tensor& got, const Doubles& expected) {
  REQUIRE(got.size() == Index(expected.size()));
  for (Index i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - expected[i]) <= 10 * tolerance);
}

LayerPtr linear(Index in, Index out) {
  return std::make_unique<Linear>(Shape{1, in}, LinearOptions{.features = out, .bias = false}, Random(1));
}

}  // namespace

TEST_CASE("spectral norm: one power iteration in each training pass, none elsewhere") {
  SpectralNorm layer(linear(2, 3), 0, Random(2));
  Parameter& weight = *layer.parameters()[0];
  Buffer &u = *layer.buffers()[0], &v = *layer.buffers()[1];
  CHECK(weight.name() == "weight_orig");
  CHECK(u.name() == "weight_u");
  CHECK(v.name() == "weight_v");
  CHECK(u.shape() == Shape{3});
  CHECK(v.shape() == Shape{2});

  const Tensor W({3, 2}, {1, 2, 3, 4, 5, -6}), x({1, 2}, {1, 2});
  weight.assign(W);
  u.assign(Tensor({3}, {Real(0.6), 0, Real(0.8)}));
  v.assign(Tensor({2}, {1, 0}));
  const Vectors after = iterated(in_double(W), {0.6, 0, 0.8});
  const Doubles y{5 / after.sigma, 11 / after.sigma, -7 / after.sigma};

  const Pass training = Pass::training(Random(3));
  const double unchanged = 0.6 * 1 + 0.8 * 5;  // u^T W v of the vectors as they are
  check_near(layer(training.without_running_statistics(), x).value(), {5 / unchanged, 11 / unchanged, -7 / unchanged});
  check_near(layer(Pass::evaluation(), x).value(), {5 / unchanged, 11 / unchanged, -7 / unchanged});
  check_near(u.value(), {0.6, 0, 0.8});
  check_near(v.value(), {1, 0});

  check_near(layer(training, x).value(), y);
  check_near(u.value(), after.u);
  check_near(v.value(), after.v);
  check_near(layer(Pass::evaluation(), x).value(), y);
  CHECK(weight.value().numbers() == W.numbers());

  // Three of PyTorch's numbers, from torch.nn.utils.spectral_norm on the same.
  CHECK(y[0] == doctest::Approx(0.653677878063));
  CHECK(after.u[2] == doctest::Approx(0.9982150900787231));
  CHECK(after.v[1] == doctest::Approx(-0.6163082616581108));
}

TEST_CASE("spectral norm: the largest singular value is found, and becomes 1") {
  for (int axis : {0, 1}) {
    CAPTURE(axis);
    SpectralNorm layer(linear(5, 4), axis, Random(4));
    layer.parameters()[0]->assign(Random(5)("w").normal({4, 5}));
    for (int i = 0; i < 200; ++i) layer(Pass::training(Random(3)), Tensor({1, 5}, 1));
    double longest = 0;  // |W x| / |x| of the normalised layer, from the best direction of many
    for (Index i = 0; i < 2000; ++i) {
      const Tensor x = Random(6)(i).normal({1, 5});
      longest = std::max(longest, double(norm(layer({}, x), {0, 1}).item() / norm(x, {0, 1}).item()));
    }
    CHECK(longest <= 1 + 1e-5);
    CHECK(longest >= 0.95);
  }
}

TEST_CASE("spectral norm: the outputs of a transposed convolution are its second axis") {
  const Shape input{1, 2, 1, 1};
  auto transposed = std::make_unique<ConvTranspose2d>(
      input,
      ConvTransposeOptions{.channels = 3, .kernel_h = 1, .kernel_w = 2, .padding = {.same = false}, .bias = false},
      Random(1));
  SpectralNorm layer(std::move(transposed), 1, Random(2));
  CHECK(layer.kind() == "conv_transpose2d");
  CHECK(layer.output_shape(input) == Shape{1, 3, 1, 2});
  CHECK(layer.multiply_adds(input) == 2 * 3 * 2);
  Buffer &u = *layer.buffers()[0], &v = *layer.buffers()[1];
  CHECK(u.shape() == Shape{3});
  CHECK(v.shape() == Shape{4});
  const Tensor w({2, 3, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, -3});
  layer.parameters()[0]->assign(w);
  u.assign(Tensor({3}, {Real(0.6), 0, Real(0.8)}));
  const Vectors after = iterated({1, 2, 7, 8, 3, 4, 9, 1, 5, 6, 2, -3}, {0.6, 0, 0.8});  // (out, in, width)
  const Tensor y = layer(Pass::training(Random(3)), Tensor(input, {1, 10})).value();
  check_near(u.value(), after.u);
  check_near(v.value(), after.v);
  const double s = after.sigma;
  check_near(y, {71 / s, 82 / s, 93 / s, 14 / s, 25 / s, -24 / s});
}

TEST_CASE("spectral norm: two passes on one tape, and a gradient that reaches the weight") {
  SpectralNorm layer(linear(3, 2), 0, Random(2));
  const Tensor x = numbers({4, 3});
  Tape tape;
  const Pass pass = Pass::training(Random(3), tape);
  const Var loss = sum(layer(pass, x) * layer(pass, x));  // each moves u and v on
  const Gradients gradients = std::move(tape).gradient(loss, layer.parameters());
  REQUIRE(gradients.size() == 1);
  CHECK(gradients[0].first->name() == "weight_orig");
  CHECK(norm(gradients[0].second, {0, 1}).item() > 0);
  // W / sigma does not change with the length of W, so the gradient is at right angles to W.
  Tape second;
  const Var again = sum(layer(Pass::training(Random(3), second), x) * numbers({4, 2}));
  const Tensor g = std::move(second).gradient(again, layer.parameters())[0].second;
  const double along = sum(Var(g) * layer.parameters()[0]->value()).item(), length = norm(g, {0, 1}).item();
  CHECK(std::abs(along) <= 100 * tolerance * length * norm(layer.parameters()[0]->value(), {0, 1}).item());
}

TEST_CASE("spectral norm: a layer without a weight is refused") {
  CHECK(error_of([] { SpectralNorm(std::make_unique<Flatten>(), 0, Random(1)); }) ==
        "spectral_norm: got a flatten layer; expected one with a parameter named weight, say a linear layer");
  CHECK(error_of([] { SpectralNorm(linear(2, 3), 2, Random(1)); }) ==
        "spectral_norm: got axis 2 for shape (3, 2); expected -2 to 1");
}

TEST_CASE("a value stands in for a parameter") {
  Linear layer({1, 2}, {.features = 1}, Random(1));
  Parameter &weight = *layer.parameters()[0], &bias = *layer.parameters()[1];
  bias.assign(Tensor({1}, 5));
  const Tensor x({1, 2}, {1, 2}), other({1, 2}, {10, 100});
  const Pass pass;
  CHECK(layer(pass.with(weight, other), x).item() == 215);
  CHECK(layer(pass.with(weight, other).with(weight, Tensor({1, 2}, 1)), x).item() == 8);  // the last one counts
  CHECK(layer(pass.with(weight, other).inside(3).without_running_statistics(), x).item() == 215);
  CHECK(error_of([&] { pass.with(weight, x.reshaped({2})); }) ==
        "with: got (2) to stand in for 'weight'; expected (1, 2)");
  Tape tape;  // it was computed from the parameter, which gets the gradient
  const Pass recorded = Pass::training(Random(1), tape);
  const Var y = layer(recorded.with(weight, recorded.weight(weight) * Real(3)), x);
  CHECK(tape.gradient(y, {&weight})[0].second.numbers() == std::vector<Real>{3, 6});
}
