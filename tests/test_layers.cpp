// Layers: names, counts, shapes, and what each computes.
#include "autograd/memory.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

std::vector<std::string> names(Layer& layer) {
  std::vector<std::string> all;
  for (const Parameter* p : layer.parameters()) all.push_back(p->name() + " " + p->shape().text());
  for (const Buffer* b : layer.buffers()) all.push_back(b->name() + " " + b->shape().text());
  return all;
}

Index count(const Parameters& parameters) {
  Index numbers = 0;
  for (const Parameter* p : parameters) numbers += p->shape().size();
  return numbers;
}
Index count(const Buffers& buffers) {
  Index numbers = 0;
  for (const Buffer* b : buffers) numbers += b->shape().size();
  return numbers;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("layers declare their parameters with the names and layouts of PyTorch") {
  Random r(1);
  Linear linear({2, 5}, {.features = 3}, r);
  CHECK(names(linear) == Names{"weight (3, 5)", "bias (3)"});
  Conv2d conv({2, 3, 8, 8}, {.channels = 4, .kernel_h = 5, .kernel_w = 2}, r);
  CHECK(names(conv) == Names{"weight (4, 3, 5, 2)", "bias (4)"});
  ConvTranspose2d transposed({2, 3, 8, 8}, {.channels = 4, .kernel_h = 5, .kernel_w = 2, .bias = false}, r);
  CHECK(names(transposed) == Names{"weight (3, 4, 5, 2)"});
  BatchNorm norm({2, 3}, {}, r);
  CHECK(names(norm) == Names{"weight (3)", "bias (3)", "running_mean (3)", "running_var (3)"});
  CHECK(norm.parameters()[0]->value().numbers() == std::vector<Real>{1, 1, 1});
  CHECK(norm.parameters()[1]->value().numbers() == std::vector<Real>{0, 0, 0});
  CHECK(norm.buffers()[0]->value().numbers() == std::vector<Real>{0, 0, 0});
  CHECK(norm.buffers()[1]->value().numbers() == std::vector<Real>{1, 1, 1});
  CHECK(linear.parameters()[1]->value().numbers() == std::vector<Real>{0, 0, 0});
}

TEST_CASE("a sequential numbers what it holds, also inside another") {
  Random r(1);
  auto inner = std::make_unique<Sequential>();
  inner->add<BatchNorm>(Shape{2, 3}, BatchNormOptions{}, r);
  inner->add<Linear>(Shape{2, 3}, LinearOptions{.features = 1, .bias = false}, r);
  Sequential outer;
  outer.add<Linear>(Shape{2, 5}, LinearOptions{.features = 3}, r);
  outer.add<Relu>();
  outer.add(std::move(inner));
  CHECK(names(outer) == Names{"0.weight (3, 5)", "0.bias (3)", "2.0.weight (3)", "2.0.bias (3)", "2.1.weight (1, 3)",
                              "2.0.running_mean (3)", "2.0.running_var (3)"});
  CHECK(outer.size() == 3);
  CHECK(outer[1].kind() == "relu");
  CHECK(outer[2].kind() == "sequential");
  CHECK(outer.output_shape({7, 5}) == Shape{7, 1});
  CHECK(outer.multiply_adds({7, 5}) == 7 * (5 * 3 + 3));
}

TEST_CASE("the networks of TensorFlow's DCGAN tutorial have its parameters and shapes") {
  Sequential g, d;
  Random r(1);
  const Shape z{2, 100};
  g.add<Linear>(z, LinearOptions{.features = 12544, .bias = false}, r);
  g.add<BatchNorm>(g.output_shape(z), BatchNormOptions{}, r);
  g.add<LeakyRelu>(0.3);
  g.add<Reshape>(Shape{256, 7, 7});
  const auto grow = [&](Index channels, int stride) {
    g.add<ConvTranspose2d>(
        g.output_shape(z),
        ConvTransposeOptions{
            .channels = channels, .kernel_h = 5, .kernel_w = 5, .stride_h = stride, .stride_w = stride, .bias = false},
        r);
  };
  for (int stride : {1, 2}) {
    grow(128 / stride, stride);
    g.add<BatchNorm>(g.output_shape(z), BatchNormOptions{}, r);
    g.add<LeakyRelu>(0.3);
  }
  grow(1, 2);
  g.add<Tanh>();
  CHECK(count(g.parameters()) == 2305472);
  CHECK(count(g.parameters()) + count(g.buffers()) == 2330944);

  const Shape pictures = g.output_shape(z);
  CHECK(pictures == Shape{2, 1, 28, 28});
  for (Index channels : {64, 128}) {
    d.add<Conv2d>(d.output_shape(pictures),
                  ConvOptions{.channels = channels, .kernel_h = 5, .kernel_w = 5, .stride_h = 2, .stride_w = 2}, r);
    d.add<LeakyRelu>(0.3);
    d.add<Dropout>(0.3);
  }
  d.add<Flatten>();
  d.add<Linear>(d.output_shape(pictures), LinearOptions{.features = 1}, r);
  CHECK(count(d.parameters()) == 212865);
  CHECK(d.multiply_adds({1, 1, 28, 28}) == 14 * 14 * 64 * 25 + 7 * 7 * 128 * 64 * 25 + 7 * 7 * 128);
  // 7x7 pixels times 256 128 5 5 weights, 7x7 times 128 64 5 5, 14x14 times 64 1 5 5
  CHECK(g.multiply_adds({1, 100}) == 100 * 12544 + 49 * 819200 + 49 * 204800 + 196 * 1600);

  const Pass pass = Pass::training(r);
  Var fake = g(pass, numbers(z));
  CHECK(fake.shape() == pictures);
  CHECK(d(pass, fake).shape() == Shape{2, 1});
}

TEST_CASE("convolution layers: the shape that is announced is the shape that comes") {
  Random r(1);
  for (int kernel = 1; kernel <= 5; ++kernel)
    for (int stride = 1; stride <= 3; ++stride)
      for (Index size : {1, 4, 5, 6, 7, 9})
        for (bool same : {true, false}) {
          CAPTURE(kernel);
          CAPTURE(stride);
          CAPTURE(size);
          CAPTURE(same);
          const Shape input{2, 3, size, size + 1};
          const Padding padding =
              same ? Padding{} : Padding{.same = false, .top = 2, .bottom = 1, .left = 0, .right = 3};
          const Index H = input[2], W = input[3];
          ConvOptions options{
              .channels = 2, .kernel_h = kernel, .kernel_w = 2, .stride_h = stride, .stride_w = 1, .padding = padding};
          const Index padded = H + 3;
          if (same || padded >= kernel) {
            Conv2d conv(input, options, r);
            const Shape expected =
                same ? Shape{2, 2, (H + stride - 1) / stride, W} : Shape{2, 2, (padded - kernel) / stride + 1, W + 2};
            CHECK(conv.output_shape(input) == expected);
            CHECK(conv({}, numbers(input)).shape() == expected);
            CHECK(conv.multiply_adds(input) == expected.size() * 3 * kernel * 2);
          }
          const Index height = same ? H * stride : (H - 1) * stride + kernel - 3 + (stride - 1);
          if (height < 1) continue;
          ConvTranspose2d transposed(input,
                                     {.channels = 2,
                                      .kernel_h = kernel,
                                      .kernel_w = 5,
                                      .stride_h = stride,
                                      .stride_w = stride,
                                      .padding = padding,
                                      .output_padding = same ? 0 : stride - 1},
                                     r);
          const Index width = same ? W * stride : (W - 1) * stride + 5 - 3 + (stride - 1);
          const Shape expected{2, 2, height, width};
          CHECK(transposed.output_shape(input) == expected);
          CHECK(transposed({}, numbers(input)).shape() == expected);
          CHECK(transposed.multiply_adds(input) == input.size() * 2 * kernel * 5);
        }
}

TEST_CASE("convolution layers hand kernel, stride and padding to the operation, each in its place") {
  Random r(1);
  const Shape input{2, 3, 9, 8};
  const Tensor x = numbers(input);
  const Initializer ramp = normal(0, 1);
  const Padding sides{.same = false, .top = 2, .bottom = 1, .left = 0, .right = 3};
  Conv2d conv(input,
              {.channels = 2,
               .kernel_h = 3,
               .kernel_w = 4,
               .stride_h = 2,
               .stride_w = 3,
               .padding = sides,
               .bias_initializer = ramp},
              r);
  const Tensor &w = conv.parameters()[0]->value(), &b = conv.parameters()[1]->value();
  CHECK(difference(conv({}, x).value(), conv2d(x, w, b, Geometry{3, 4, 2, 3, 2, 1, 0, 3}).value()) == 0);
  ConvTranspose2d transposed(input,
                             {.channels = 2,
                              .kernel_h = 3,
                              .kernel_w = 4,
                              .stride_h = 2,
                              .stride_w = 3,
                              .padding = sides,
                              .output_padding = 1,
                              .bias_initializer = ramp},
                             r);
  const Tensor &tw = transposed.parameters()[0]->value(), &tb = transposed.parameters()[1]->value();
  const Geometry geometry{3, 4, 2, 3, 2, 0, 0, 2};
  CHECK(difference(transposed({}, x).value(), conv_transpose2d(x, tw, tb, geometry).value()) == 0);

  Conv2d same(input, {.channels = 2, .kernel_h = 3, .kernel_w = 4, .stride_h = 2, .stride_w = 3, .bias = false}, r);
  const Tensor& sw = same.parameters()[0]->value();
  CHECK(difference(same({}, x).value(), conv2d(x, sw, Geometry::same(3, 4, 2, 3, 9, 8)).value()) == 0);
  ConvTranspose2d same_transposed(
      input, {.channels = 2, .kernel_h = 3, .kernel_w = 4, .stride_h = 2, .stride_w = 3, .bias = false}, r);
  const Tensor& stw = same_transposed.parameters()[0]->value();
  const Geometry same_geometry = Geometry::same_transposed(3, 4, 2, 3);
  CHECK(difference(same_transposed({}, x).value(), conv_transpose2d(x, stw, same_geometry).value()) == 0);
}

TEST_CASE("linear: y = x w^T + b") {
  Linear layer({1, 2}, {.features = 2}, Random(1));
  layer.parameters()[0]->assign(Tensor({2, 2}, {1, 2, 3, 4}));
  layer.parameters()[1]->assign(Tensor({2}, {10, 20}));
  CHECK(layer({}, Tensor({1, 2}, {5, 6})).value().numbers() == std::vector<Real>{27, 59});
  CHECK(layer.multiply_adds({8, 2}) == 32);
  Linear without({1, 2}, {.features = 2, .bias = false}, Random(1));
  without.parameters()[0]->assign(Tensor({2, 2}, {1, 2, 3, 4}));
  CHECK(without({}, Tensor({1, 2}, {5, 6})).value().numbers() == std::vector<Real>{17, 39});
}

TEST_CASE("activations and shapes") {
  const Tensor x({1, 3}, {-2, 0, 3});
  CHECK(LeakyRelu(0.25)({}, x).value().numbers() == std::vector<Real>{-0.5, 0, 3});
  CHECK(Relu()({}, x).value().numbers() == std::vector<Real>{0, 0, 3});
  CHECK(Tanh()({}, x).value()[2] == doctest::Approx(std::tanh(3.0)).epsilon(tolerance));
  CHECK(Sigmoid()({}, x).value()[0] == doctest::Approx(1 / (1 + std::exp(2.0))).epsilon(tolerance));
  CHECK(Sigmoid().output_shape({4, 3, 2, 2}) == Shape{4, 3, 2, 2});
  const Tensor pictures = numbers({2, 3, 4, 5});
  CHECK(Flatten().output_shape({2, 3, 4, 5}) == Shape{2, 60});
  CHECK(Flatten()({}, pictures).value().numbers() == pictures.numbers());
  CHECK(Flatten()({}, pictures).shape() == Shape{2, 60});
  CHECK(Reshape({5, 12})({}, pictures).shape() == Shape{2, 5, 12});
  CHECK(Reshape({5, 12})({}, pictures).value().numbers() == pictures.numbers());
}

TEST_CASE("a sequential hands values on, so that layers may write into their memory") {
  Sequential layers;
  layers.add<Flatten>();
  layers.add<LeakyRelu>(0.2);
  layers.add<Reshape>(Shape{5, 12});
  layers.add<Tanh>();
  Tensor x = numbers({2, 3, 4, 5});
  const Real* storage = x.data();
  memory::reset_peak();
  const std::size_t before = memory::usage().live_bytes;
  CHECK(layers({}, std::move(x)).value().data() == storage);
  CHECK(memory::usage().peak_bytes == before);
}

TEST_CASE("sequential: through the first layers only, as in the whole") {
  const Random r(1);
  Sequential layers;
  layers.add<Dropout>(0.5);
  layers.add<Linear>(Shape{1, 6}, LinearOptions{.features = 1}, r);
  layers.add<Sigmoid>();
  const Tensor x = numbers({4, 6});
  const Pass pass = Pass::training(Random(5));
  const Tensor logits = layers.run(pass, x, 0, 2).value();
  CHECK(difference(layers(pass, x).value(), sigmoid(logits).value()) == 0);
  CHECK(difference(layers.run(pass, layers.run(pass, x, 0, 1), 1, 2).value(), logits) == 0);
  CHECK(layers.run(pass, x, 0, 0).value().shares_storage_with(x));
}

TEST_CASE("pooling, upsampling, embedding and layer norm: names, shapes, and options in their places") {
  const Random r(1);
  const Shape pictures{2, 3, 7, 6};
  const Tensor x = numbers(pictures);
  const PoolOptions options{.kernel_h = 3,
                            .kernel_w = 2,
                            .stride_h = 2,
                            .stride_w = 1,
                            .padding = {.same = false, .top = 2, .bottom = 0, .left = 1, .right = 1}};
  const Geometry windows{3, 2, 2, 1, 2, 0, 1, 1};
  AvgPool2d avg(options);
  MaxPool2d max(options);
  CHECK(avg.output_shape(pictures) == Shape{2, 3, 4, 7});
  CHECK(difference(avg({}, x).value(), avg_pool2d(x, windows).value()) == 0);
  CHECK(difference(max({}, x).value(), max_pool2d(x, windows).value()) == 0);
  PoolOptions counting = options, same{.kernel_h = 3, .kernel_w = 2, .padding = {}};
  counting.count_padding = true;
  CHECK(difference(AvgPool2d(counting)({}, x).value(), avg_pool2d(x, windows, true).value()) == 0);
  const Geometry same_windows = Geometry::same(3, 2, 3, 2, 7, 6);  // the stride is the kernel's unless told
  CHECK(difference(MaxPool2d(same)({}, x).value(), max_pool2d(x, same_windows).value()) == 0);
  CHECK(MaxPool2d(same).output_shape(pictures) == Shape{2, 3, 3, 3});

  CHECK(Upsample(2, 3).output_shape(pictures) == Shape{2, 3, 14, 18});
  CHECK(difference(Upsample(2, 3)({}, x).value(), upsample(x, 2, 3).value()) == 0);
  CHECK(GlobalAvgPool().output_shape(pictures) == Shape{2, 3});
  CHECK(GlobalAvgPool()({}, x).shape() == Shape{2, 3});

  Embedding embedding({4, 1}, {.classes = 3, .features = 2}, r);
  CHECK(names(embedding) == Names{"weight (3, 2)"});
  embedding.parameters()[0]->assign(Tensor({3, 2}, {1, 2, 3, 4, 5, 6}));
  const std::vector<Real> rows{5, 6, 1, 2};
  CHECK(embedding({}, Tensor({2, 1}, {2, 0})).value().numbers() == rows);
  CHECK(embedding({}, Tensor({2}, {2, 0})).value().numbers() == rows);
  CHECK(embedding.output_shape({7}) == Shape{7, 2});

  LayerNorm norm(pictures, {}, r);
  CHECK(names(norm) == Names{"weight (3, 7, 6)", "bias (3, 7, 6)"});
  CHECK(norm.output_shape({5, 3, 7, 6}) == Shape{5, 3, 7, 6});
  const Tensor gamma = Random(2)("gamma").normal({3, 7, 6}), beta = Random(2)("beta").normal({3, 7, 6});
  norm.parameters()[0]->assign(gamma);
  norm.parameters()[1]->assign(beta);
  for (const Pass& pass : {Pass::evaluation(), Pass::training(r)})
    CHECK(difference(norm(pass, x).value(), layer_norm(x, gamma, beta, Real(1e-5)).value()) == 0);
}
