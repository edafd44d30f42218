// Normalisations, losses and layers.
#include <memory>

#include "apps/common/gradient_table.hpp"
#include "autograd/losses.hpp"
#include "layers/layers.hpp"

namespace tapestry {

using namespace gradient_table_numbers;
using X = const Vars&;

// clang-format off
GradientCases normalization_cases() {
  const Real epsilon = Real(1e-3);
  const auto normed = [=](X x) { return batch_norm(x[0], x[1], x[2], epsilon).y; };
  const auto upstream = [=](X x) { return tanh(batch_norm(x[0] * x[1], x[1], x[1], epsilon).y); };
  const auto layer_normed = [=](X x) { return layer_norm(x[0], x[1], x[2], epsilon); };
  return {
      {"batch_norm of rows", normed, {normal({4, 3}), normal({3}), normal({3})}, 3},
      {"batch_norm of 40 rows", normed, {normal({40, 2}), normal({2}), normal({2})}},
      {"batch_norm of pictures", normed, {normal({2, 2, 2, 3}), normal({2}), normal({2})}, 3},
      {"batch_norm, gamma also upstream", upstream, {normal({4, 2}), positive({2})}, 3},
      {"layer_norm of rows", layer_normed, {normal({2, 4}), normal({4}), normal({4})}, 3},
      {"layer_norm, two axes of four", layer_normed, {normal({2, 1, 3, 2}), normal({3, 2}), normal({3, 2})}},
  };
}

GradientCases loss_cases() {
  const Tensor p = probabilities({4, 1}), logits = normal({4, 1}), targets({4, 1}, {0, 1, Real(0.25), 1}),
               rows = normal({3, 4}), distributions = softmax(normal({3, 4})).value();
  return {
      {"bce_with_logits, target 1", [](X x) { return bce_with_logits(x[0], 1); }, {logits}, 3},
      {"bce_with_logits, target 0.1", [](X x) { return bce_with_logits(x[0], Real(0.1)); }, {logits}},
      {"bce_with_logits, targets", [=](X x) { return bce_with_logits(x[0], targets); }, {logits}},
      {"bce_on_probabilities, target 0", [](X x) { return bce_on_probabilities(x[0], 0); }, {p}, 3},
      {"bce_on_probabilities, target 0.9", [](X x) { return bce_on_probabilities(x[0], Real(0.9)); }, {p}},
      {"bce_on_probabilities, targets", [=](X x) { return bce_on_probabilities(x[0], targets); }, {p}},
      {"softmax_cross_entropy with distributions", [=](X x) { return softmax_cross_entropy(x[0], distributions); }, {rows}, 3},
      {"softmax_cross_entropy", [](X x) { return softmax_cross_entropy(x[0], {2, 0, 3}); }, {rows}, 3},
      {"mean_squared_error", [](X x) { return mean_squared_error(x[0], x[1]); }, {rows, normal({3, 4})}, 3, 3},
  };
}


namespace {

// A layer as a function of its input and its parameters, which stand in for those that it has. Where a weight is
// normalised, the vectors that go with it fit the weight it began with.
GradientCase layer_case(const std::string& name, std::shared_ptr<Layer> layer, Tensor input, int order,
                        int zero_from_order, Pass pass = Pass::training(Random(3)).without_running_statistics()) {
  Tensors x{std::move(input)};
  for (const Parameter* p : layer->parameters())
    x.push_back(p->name() == "weight_orig" ? p->value() : normal(p->shape()));
  const auto f = [=](X x) {
    Pass with_parameters = pass;
    const Parameters parameters = layer->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) with_parameters = with_parameters.with(*parameters[i], x[i + 1]);
    return (*layer)(with_parameters, x[0]);
  };
  return {"layer " + name, f, x, order, zero_from_order};
}

GradientCases weighted_layer_cases() {
  const Random r(1);
  const Shape rows{4, 5}, pictures{2, 3, 5, 4};
  GradientCases cases;
  for (bool bias : {true, false}) {
    const std::string end = bias ? "" : ", no bias";
    const LinearOptions linear{.features = 3, .bias = bias};
    const ConvOptions conv{.channels = 2, .kernel_h = 3, .kernel_w = 2, .stride_h = 2, .bias = bias};
    const ConvTransposeOptions transposed{.channels = 2, .kernel_h = 5, .kernel_w = 4, .stride_h = 2, .stride_w = 2, .bias = bias};
    cases.push_back(layer_case("linear" + end, std::make_shared<Linear>(rows, linear, r), normal(rows), 2, 3));
    cases.push_back(layer_case("conv2d" + end, std::make_shared<Conv2d>(pictures, conv, r), normal(pictures), 2, 3));
    cases.push_back(layer_case("conv_transpose2d" + end, std::make_shared<ConvTranspose2d>(pictures, transposed, r), normal(pictures), 2, 3));
    const auto normed = [&](LayerPtr layer, int out_axis) { return std::make_shared<SpectralNorm>(std::move(layer), out_axis, r); };
    cases.push_back(layer_case("linear, spectral norm" + end, normed(std::make_unique<Linear>(rows, linear, r), 0), normal(rows), 3, 0));
    cases.push_back(layer_case("conv2d, spectral norm" + end, normed(std::make_unique<Conv2d>(pictures, conv, r), 0), normal(pictures), 2, 0));
    cases.push_back(layer_case("conv_transpose2d, spectral norm" + end, normed(std::make_unique<ConvTranspose2d>(pictures, transposed, r), 1), normal(pictures), 2, 0));
  }
  for (const Shape& input : {rows, pictures}) {
    const std::string of = input == rows ? " of rows" : " of pictures";
    const auto norm = std::make_shared<BatchNorm>(input, BatchNormOptions{}, r);
    for (Buffer* b : norm->buffers()) b->assign(positive(b->shape()));
    cases.push_back(layer_case("batch_norm" + of, norm, normal(input), 2, 0));
    cases.push_back(layer_case("batch_norm" + of + ", evaluation", norm, normal(input), 2, 3, Pass::evaluation()));
    cases.push_back(layer_case("layer_norm" + of, std::make_shared<LayerNorm>(input, LayerNormOptions{}, r), normal(input), 2, 0));
  }
  const Pass labelled = Pass::training(Random(3)).with_labels(Tensor({4}, {2, 0, 2, 1}));
  const Shape four{4, 2, 3, 2};
  cases.push_back(layer_case("class_embedding", std::make_shared<ClassEmbedding>(rows, 3, 2, r), normal(rows), 2, 2, labelled));
  cases.push_back(layer_case("class_channel", std::make_shared<ClassChannel>(four, 3, r), normal(four), 2, 2, labelled));
  cases.push_back(layer_case("projection", std::make_shared<Projection>(rows, 3, r), normal(rows), 2, 3, labelled));
  const auto embedding = std::make_shared<Embedding>(Shape{4, 1}, EmbeddingOptions{.classes = 4, .features = 3}, r);
  const Tensor classes({4, 1}, {2, 0, 2, 3});
  cases.push_back({"layer embedding",
                   [=](X x) { return (*embedding)(Pass::evaluation().with(*embedding->parameters()[0], x[0]), classes); },
                   {normal({4, 3})}, 2, 2});
  return cases;
}

}  // namespace

GradientCases layer_cases() {
  const Shape pictures{2, 3, 5, 4};
  const PoolOptions pool{.kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 1};
  GradientCases cases = weighted_layer_cases();
  const auto add = [&](const std::string& name, std::shared_ptr<Layer> layer, int order, int zero_from_order) {
    cases.push_back(layer_case(name, std::move(layer), away_from_kinks(pictures), order, zero_from_order));
  };
  add("avg_pool2d", std::make_shared<AvgPool2d>(pool), 2, 2);
  cases.push_back(layer_case("max_pool2d", std::make_shared<MaxPool2d>(pool), distinct({1, 3, 5, 4}), 2, 2));
  add("global_avg_pool", std::make_shared<GlobalAvgPool>(), 2, 2);
  add("upsample", std::make_shared<Upsample>(2, 3), 2, 2);
  add("dropout", std::make_shared<Dropout>(0.4), 2, 2);
  add("flatten", std::make_shared<Flatten>(), 2, 2);
  add("reshape", std::make_shared<Reshape>(Shape{10, 6}), 2, 2);
  add("leaky_relu", std::make_shared<LeakyRelu>(Real(0.2)), 2, 2);
  add("relu", std::make_shared<Relu>(), 2, 2);
  add("elu", std::make_shared<Elu>(), 2, 0);
  add("silu", std::make_shared<Silu>(), 2, 0);
  add("tanh", std::make_shared<Tanh>(), 2, 0);
  add("sigmoid", std::make_shared<Sigmoid>(), 2, 0);
  return cases;
}
// clang-format on

}  // namespace tapestry
