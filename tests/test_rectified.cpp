// Rectifiers in the kernels of the operations before them: the same numbers and gradients as in a pass of their own.
#include <functional>

#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/kernels/normalization.hpp"
#include "autograd/tape_call.hpp"
#include "tests/convolution_ways.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;
using kernels::Convolution;
using kernels::Epilogue;
using kernels::Rectifier;

namespace {

const Real slopes[] = {0, 0.25, 1, 3};

Tensor normal(const Shape& shape, const char* what) { return Random(91)(what).normal(shape); }

// How a kernel's result with an epilogue differs from its result without one, rectified afterwards: in how many
// numbers, and in how many notes of what was positive.
Index wrong(const Shape& shape, const std::function<Tensor(const Epilogue&)>& kernel, const Real* bias) {
  Index count = 0;
  const Tensor plain = kernel(bias), g = normal(shape, "g");
  for (const Real slope : slopes) {
    const Rectifier noting(slope, shape, true), silent(slope, shape, false);
    const Tensor y = kernel({bias, &noting}), dx = kernels::scale_where_not_positive(g, noting.positive(), slope);
    const Tensor expected = kernels::rectify(plain, slope), unnoted = kernel({bias, &silent});
    for (Index i = 0; i < g.size(); ++i) {
      count += !(y[i] == expected[i]) + !(unnoted[i] == expected[i]);
      count += !(dx[i] == (plain[i] > 0 ? g[i] : g[i] * slope));
    }
  }
  return count;
}

struct Traced {  // a composition, its gradients, and what its tape shows
  Tensor y;
  Tensors gradients;
  std::vector<std::string> ops;
};
Traced trace(const std::function<Var(const Vars&)>& f, const Tensors& x) {
  Tape tape;
  Vars variables;
  for (const Tensor& t : x) variables.push_back(tape.variable(t));
  Traced traced;
  const Var y = f(variables);
  traced.y = y.value();
  for (const TapeCall& call : tape.calls())
    if (!call.is_variable()) traced.ops.push_back(call.op);
  for (const Var& dx : tape.gradient(sum(y * normal(y.shape(), "g")), variables))
    traced.gradients.push_back(dx.value());
  return traced;
}

// f(x, slope) is leaky_relu(f(x, 1), slope), on the tape, too.
void check_operation(const std::string& name, const std::function<Var(const Vars&, Real)>& f, const Tensors& x) {
  CAPTURE(name);
  const Traced plain = trace([&](const Vars& x) { return f(x, 1); }, x);
  for (const Real slope : {Real(0), Real(0.25)}) {
    CAPTURE(slope);
    const Traced two = trace([&](const Vars& x) { return leaky_relu(f(x, 1), slope); }, x);
    const Traced one = trace([&](const Vars& x) { return f(x, slope); }, x);
    CHECK(difference(one.y, two.y) == 0);
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(difference(one.gradients[i], two.gradients[i]) == 0);
    CHECK(one.ops == std::vector<std::string>{plain.ops.back(), slope == 0 ? "relu" : "leaky_relu"});
  }
  Tape tape(Keep::everything);  // shows what there was before the rectifier
  Vars variables;
  for (const Tensor& t : x) variables.push_back(tape.variable(t));
  const Var y = f(variables, Real(0.25));
  const TapeCall shown = tape.call(y.place() - 1);
  CHECK(shown.op == plain.ops.back());
  CHECK(difference(shown.value, plain.y) == 0);
  CHECK_THROWS_WITH_AS(
      f(variables, -1),
      (plain.ops.back() + ": got a slope of -1; expected 0 or more, so that y keeps the sign of x").c_str(), Error);
}

}  // namespace

TEST_CASE("rectified: in every way of convolution") {
  const Convolution all[] = {
      {5, 3, 9, 8, 7, 5, 4, Geometry{3, 3, 2, 2, 1, 1, 1, 0}},             // odd lengths
      {9, 20, 12, 12, 40, 6, 6, Geometry::square(4, 2, 1)},                // pictures of more than one group of notes
      {3, 70, 8, 8, 2, 8, 8, Geometry::square(3, 1, 1)},                   // mirrored
      {6, 1, 14, 14, 33, 7, 7, Geometry::square(5, 2, 2).fitted(14, 14)},  // few channels
      {5, 16, 4, 4, 24, 2, 2, Geometry::square(4, 2, 1)},                  // unfolded
      {5, 40, 4, 4, 24, 1, 1, Geometry::square(4)},                        // the one window
  };
  for (const Convolution& k : all) {
    CAPTURE(k.g.text());
    const Tensor x = normal(k.big(), "x"), y = normal(k.small(), "y"), w = normal(k.weight(), "w"),
                 bias_o = normal({k.O}, "o"), bias_c = normal({k.C}, "c");
    for (const Way& way : ways) {
      CAPTURE(way.name);
      for (const bool biased : {false, true}) {
        CAPTURE(biased);
        CHECK(wrong(
                  k.small(), [&](const Epilogue& e) { return way.gather(k, x, w, e); },
                  biased ? bias_o.data() : nullptr) == 0);
        CHECK(wrong(
                  k.big(), [&](const Epilogue& e) { return way.scatter(k, y, w, e); },
                  biased ? bias_c.data() : nullptr) == 0);
      }
    }
    namespace reference = kernels::reference;
    CHECK(wrong(
              k.small(), [&](const Epilogue& e) { return reference::gather(k, x, w, e); }, bias_o.data()) == 0);
    CHECK(wrong(
              k.big(), [&](const Epilogue& e) { return reference::scatter(k, y, w, e); }, bias_c.data()) == 0);
    if (kernels::few_channels::fits(k))
      CHECK(wrong(
                k.big(), [&](const Epilogue& e) { return kernels::few_channels::scatter(k, y, w, e); },
                bias_c.data()) == 0);
  }
}

TEST_CASE("rectified: in every kind of matrix product") {
  for (const Index M : {1, 3, 9, 70, 300})
    for (const Index N : {1, 5, 40, 600})
      for (const Index K : {3, 130}) {
        CAPTURE(M);
        CAPTURE(N);
        CAPTURE(K);
        const Tensor a = normal({M, K}, "a"), b = normal({K, N}, "b"), bt = normal({N, K}, "b"),
                     bias = normal({N}, "c");
        const auto straight = [&](const Epilogue& e) { return kernels::matmul(a, false, b, false, e); };
        const auto turned = [&](const Epilogue& e) { return kernels::matmul(a, false, bt, true, e); };
        CHECK(wrong({M, N}, straight, bias.data()) == 0);
        CHECK(wrong({M, N}, turned, bias.data()) == 0);
        CHECK(wrong({M, N}, turned, nullptr) == 0);
      }
  const Tensor a = normal({3, 4}, "a"), b = normal({4, 5}, "b"), bias = normal({5}, "c");
  const auto by_the_book = [&](const Epilogue& e) { return kernels::reference::matmul(a, false, b, false, e); };
  CHECK(wrong({3, 5}, by_the_book, bias.data()) == 0);
}

TEST_CASE("rectified: in batch norm") {
  for (const Shape& shape : {Shape{70, 37}, Shape{5, 700}, Shape{37, 5, 3, 7}, Shape{9, 16, 8, 8}}) {
    CAPTURE(shape.text());
    const Index C = shape[1];
    const Tensor x = normal(shape, "x"), mean = normal({C}, "mean"), scale = normal({C}, "scale"),
                 shift = normal({C}, "shift");
    const auto normalize = [&](const Epilogue& e) {
      return kernels::normalize_channels(x, mean, scale, shift, e.rectifier);
    };
    CHECK(wrong(shape, normalize, nullptr) == 0);
  }
}

TEST_CASE("rectified: an operation and its rectifier are two calls of a tape, and have the gradients of two") {
  const Geometry g = Geometry::square(4, 2, 1);
  const Tensor x = normal({5, 4, 16, 16}, "x"), y = normal({5, 16, 8, 8}, "y"), w = normal({16, 4, 4, 4}, "w"),
               bias_o = normal({16}, "o"), bias_c = normal({4}, "c");
  check_operation("conv2d", [=](const Vars& x, Real slope) { return conv2d(x[0], x[1], g, slope); }, {x, w});
  check_operation("conv2d with bias", [=](const Vars& x, Real slope) { return conv2d(x[0], x[1], x[2], g, slope); },
                  {x, w, bias_o});
  check_operation("conv_transpose2d", [=](const Vars& x, Real slope) { return conv_transpose2d(x[0], x[1], g, slope); },
                  {y, w});
  check_operation("conv_transpose2d with bias",
                  [=](const Vars& x, Real slope) { return conv_transpose2d(x[0], x[1], x[2], g, slope); },
                  {y, w, bias_c});
  check_operation("linear", [](const Vars& x, Real slope) { return linear(x[0], x[1], x[2], slope); },
                  {normal({7, 20}, "x"), normal({1000, 20}, "w"), normal({1000}, "b")});
  check_operation("batch_norm",
                  [](const Vars& x, Real slope) { return batch_norm(x[0], x[1], x[2], Real(1e-3), slope).y; },
                  {x, normal({4}, "gamma"), normal({4}, "beta")});
}

TEST_CASE("rectified: a network runs as its layers do one after another") {
  const Random r(3);
  const Shape input{6, 3, 10, 10};
  Sequential network;
  network.add<Conv2d>(input, ConvOptions{.channels = 8, .kernel_h = 3, .kernel_w = 3}, r(0));
  network.add<LeakyRelu>(0.2);
  network.add<Dropout>(0.3);
  network.add<SpectralNorm>(std::make_unique<Conv2d>(network.output_shape(input),
                                                     ConvOptions{.channels = 8, .kernel_h = 3, .kernel_w = 3}, r(1)),
                            0, r(2));
  network.add<Relu>();
  network.add<ConvTranspose2d>(network.output_shape(input),
                               ConvTransposeOptions{.channels = 8, .kernel_h = 3, .kernel_w = 3, .bias = false}, r(3));
  network.add<BatchNorm>(network.output_shape(input), BatchNormOptions{}, r(4));
  network.add<LeakyRelu>(0.1);
  network.add<Flatten>();
  network.add<Relu>();  // after a layer that has no kernel for it
  network.add<Linear>(network.output_shape(input), LinearOptions{.features = 800}, r(5));
  network.add<LeakyRelu>(0.3);
  network.add<Linear>(network.output_shape(input), LinearOptions{.features = 4, .bias = false}, r(6));
  network.add<Relu>();
  const Tensor x = normal(input, "x");

  for (const bool training : {true, false}) {
    CAPTURE(training);
    const auto run = [&](bool whole) {
      Tape tape;
      Pass pass = training ? Pass::training(Random(4), tape).without_running_statistics() : Pass::evaluation();
      pass.tape = &tape;
      Var y = x;
      if (whole)
        y = network(pass, y);
      else
        for (std::size_t i = 0; i < network.size(); ++i) y = network[i](pass.inside(i), std::move(y));
      Tensors all{y.value()};
      const Gradients gradients = tape.gradient(sum(y * normal(y.shape(), "g")), network.parameters());
      for (const auto& [parameter, gradient] : gradients) all.push_back(gradient);
      return all;
    };
    const Tensors together = run(true), one_by_one = run(false);
    for (std::size_t i = 0; i < together.size(); ++i) CHECK(difference(together[i], one_by_one[i]) == 0);
  }
  Tape tape;
  network(Pass::training(Random(4), tape), x);
  std::string rectifiers;
  for (const TapeCall& call : tape.calls())
    if (call.op == "relu" || call.op == "leaky_relu") rectifiers += call.op + " of " + call.path + "\n";
  CHECK(rectifiers ==
        "leaky_relu of 0 conv2d and leaky_relu\nrelu of 3 conv2d and relu\nleaky_relu of 6 batch_norm and leaky_relu\n"
        "relu of 9 relu\nleaky_relu of 10 linear and leaky_relu\nrelu of 13 relu\n");
}
