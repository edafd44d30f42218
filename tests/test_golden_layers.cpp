// Single layers, losses, optimisers and gradient penalties, against PyTorch and Keras: golden/README.md.
#include <doctest/doctest.h>

#include "apps/common/model.hpp"
#include "apps/common/optimizer_options.hpp"
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/losses.hpp"
#include "layers/layers.hpp"
#include "tests/golden.hpp"

using namespace tapestry;

namespace {

// The network of a case, with the weights that the case begins with.
std::unique_ptr<Sequential> network_of(const Golden& golden) {
  Problems problems;
  std::vector<LayerPlan> plans;
  read_description(golden, problems, [&](Options& root) { plans = read_layers(root, "network"); });
  std::unique_ptr<Sequential> network = build_model(plans, golden.at("x").shape(), Random(1), problems);
  problems.raise();
  load_into(golden.part("initial"), network->parameters(), network->buffers(), golden.file.name);
  return network;
}

void check_network(const Golden& golden) {
  const std::unique_ptr<Sequential> network = network_of(golden);
  Tape tape;
  const Var x = tape.variable(golden.at("x"));
  const Var y = (*network)(pass_of(golden, tape), x);
  golden.check("y", y.value());
  for (const NamedTensor& after : golden.part("after").tensors) {
    const Buffers buffers = network->buffers();
    const auto buffer =
        std::find_if(buffers.begin(), buffers.end(), [&](Buffer* b) { return b->name() == after.name; });
    REQUIRE(buffer != buffers.end());
    golden.check("after/" + after.name, (*buffer)->value());
  }
  const Var product = sum(y * golden.at("dy"));
  golden.check("dx", tape.gradient(product, {x})[0].value());
  check_gradients(golden, tape.gradient(product, network->parameters()));
}

// The three primitives of one plain way.
struct PlainWay {
  const char* name;
  Tensor (*gather)(const kernels::Convolution&, const Tensor&, const Tensor&, const kernels::Epilogue&);
  Tensor (*scatter)(const kernels::Convolution&, const Tensor&, const Tensor&, const kernels::Epilogue&);
  Tensor (*weight_gradient)(const kernels::Convolution&, const Tensor&, const Tensor&);
};
constexpr PlainWay plain_ways[] = {
    {"reference", kernels::reference::gather, kernels::reference::scatter, kernels::reference::weight_gradient},
    {"im2col", kernels::im2col::gather, kernels::im2col::scatter, kernels::im2col::weight_gradient},
};

void check_plain_convolution(const Golden& golden) {
  const std::unique_ptr<Sequential> network = network_of(golden);
  const Tensor &x = golden.at("x"), &dy = golden.at("dy"), &w = golden.at("initial/0.weight");
  const bool has_bias = network->parameters().size() == 2;
  const Tensor bias = has_bias ? golden.at("initial/0.bias") : Tensor();
  const Real* const b = has_bias ? bias.data() : nullptr;
  for (const PlainWay& way : plain_ways) {
    CAPTURE(way.name);
    if (const auto* conv = dynamic_cast<Conv2d*>(&(*network)[0])) {
      const Shape &big = x.shape(), &small = dy.shape();
      const kernels::Convolution k{big[0],   big[1],   big[2],   big[3],
                                   small[1], small[2], small[3], conv->geometry(big).fitted(big[2], big[3])};
      golden.check("y", way.gather(k, x, w, b), plain_tolerance);
      golden.check("dx", way.scatter(k, dy, w, {}), plain_tolerance);
      golden.check("gradient/0.weight", way.weight_gradient(k, x, dy), plain_tolerance);
    } else {
      const auto& transposed = dynamic_cast<ConvTranspose2d&>((*network)[0]);
      const Shape &big = dy.shape(), &small = x.shape();
      const kernels::Convolution k{big[0], big[1], big[2], big[3], small[1], small[2], small[3], transposed.geometry()};
      golden.check("y", way.scatter(k, x, w, b), plain_tolerance);
      golden.check("dx", way.gather(k, dy, w, {}), plain_tolerance);
      golden.check("gradient/0.weight", way.weight_gradient(k, dy, x), plain_tolerance);
    }
  }
}

void check_plain_linear(const Golden& golden) {
  using kernels::reference::matmul;
  const Tensor &x = golden.at("x"), &dy = golden.at("dy"), &w = golden.at("initial/0.weight");
  const Checkpoint weights = golden.part("initial");
  const Real* const bias = weights.tensors.size() == 2 ? golden.at("initial/0.bias").data() : nullptr;
  golden.check("y", matmul(x, false, w, true, bias), plain_tolerance);
  golden.check("dx", matmul(dy, false, w, false, {}), plain_tolerance);
  golden.check("gradient/0.weight", matmul(dy, true, x, false, {}), plain_tolerance);
}

Var loss_of(const Golden& golden, const Var& x) {
  const std::string loss = golden.json.at("loss");
  if (loss == "softmax_cross_entropy") return softmax_cross_entropy(x, golden.json.at("labels"));
  if (loss == "mean_squared_error") return mean_squared_error(x, golden.at("targets"));
  if (!golden.json.contains("target")) return bce_with_logits(x, golden.at("targets"));
  const Real target = golden.json.at("target");
  return loss == "bce_with_logits" ? bce_with_logits(x, target) : bce_on_probabilities(x, target);
}

void check_optimizer(const Golden& golden) {
  const Checkpoint& numbers = golden.file.numbers;
  Parameter weight("0.weight", numbers.at("initial/0.weight")), bias("0.bias", numbers.at("initial/0.bias"));
  const Parameters parameters{&weight, &bias};
  Problems problems;
  MakeOptimizer make;
  read_description(golden, problems, [&](Options& root) { make = read_optimizer(root.object("optimizer")); });
  problems.raise();
  const auto optimizer = make(parameters);
  const Var all = numbers.at("gradients");  // (steps, 8 x 3 + 8)
  const Index steps = all.shape()[0];
  for (Index step = 1; step <= steps; ++step) {
    const Var now = slice(all, 0, step - 1, step);
    optimizer->step({{parameters[0], reshape(slice(now, 1, 0, 24), {8, 3}).value()},
                     {parameters[1], reshape(slice(now, 1, 24, 32), {8}).value()}});
    const std::string after = "after " + std::to_string(step);
    if (step == 100) REQUIRE(golden.part(after).tensors.size() == 2);
    if (golden.part(after).tensors.empty()) continue;
    for (Parameter* p : parameters) golden.check(after + "/" + p->name(), p->value());
  }
}

// mean((|dD/dx| - 1)^2), the length taken for each picture. Gulrajani et al., "Improved training of Wasserstein GANs",
// 2017.
void check_gradient_penalty(const Golden& golden) {
  const std::unique_ptr<Sequential> critic = network_of(golden);
  Tape tape;
  const Var x = tape.variable(golden.at("x"));
  const Var y = (*critic)(pass_of(golden, tape), x);
  golden.check("y", y.value());
  const Var slope = tape.gradient(sum(y), {x}, {.record = true})[0];
  const Var norms = sqrt(sum(slope * slope, {1, 2, 3}));
  golden.check("norms", norms.value());
  const Var penalty = mean((norms - 1) * (norms - 1));
  golden.check("penalty", penalty.value());
  check_gradients(golden, tape.gradient(penalty, critic->parameters(), {.zeros_where_unreached = true}));
}

}  // namespace

TEST_CASE("golden: layers and small networks are those of PyTorch and Keras") {
  each_case(GoldenFile("layers-pytorch"), "network", 57, check_network);
  each_case(GoldenFile("layers-keras"), "network", 26, check_network);
}

TEST_CASE("golden: plain twins of convolutions and matrix products") {
  std::size_t convolutions = 0, linears = 0;
  for (const char* name : {"layers-pytorch", "layers-keras"})
    each_case(GoldenFile(name), "network", 1, [&](const Golden& golden) {
      if (golden.json.at("network").size() > 1) return;
      const std::string type = golden.json.at("network")[0].at("type");
      if (type.starts_with("conv")) ++convolutions, check_plain_convolution(golden);
      if (type == "linear") ++linears, check_plain_linear(golden);
    });
  CHECK(convolutions >= 60);
  CHECK(linears >= 4);
}

TEST_CASE("golden: losses") {
  for (const auto& [name, least] : {std::pair("layers-pytorch", 11), std::pair("layers-keras", 3)})
    each_case(GoldenFile(name), "loss", least, [](const Golden& golden) {
      if (golden.json.contains("only_in_double") && !in_double) return;
      Tape tape;
      const Var x = tape.variable(golden.at("x"));
      const Var loss = loss_of(golden, x);
      golden.check("y", loss.value());
      golden.check("dx", tape.gradient(loss, {x})[0].value());
    });
}

TEST_CASE("golden: a hundred steps of each optimiser") {
  each_case(GoldenFile("optimizers"), "optimizer", 6, check_optimizer);
}

TEST_CASE("golden: the gradient of a gradient penalty with respect to the critic's weights") {
  each_case(GoldenFile("gradient-penalties"), "network", 3, check_gradient_penalty);
}
