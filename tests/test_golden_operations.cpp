// Operations and layers that stand in no configuration by themselves, against PyTorch: golden/README.md.
#include <doctest/doctest.h>

#include "apps/common/model.hpp"
#include "autograd/ops.hpp"
#include "layers/spectral_norm.hpp"
#include "tests/golden.hpp"

using namespace tapestry;

namespace {

Geometry windows_of(const Json& json) {
  const Json &kernel = json.at("kernel"), &stride = json.at("stride"), &padding = json.at("padding");
  return {kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[0], padding[1], padding[1]};
}

Var operation(const Json& json, const Vars& x) {
  const std::string name = json.at("operation");
  if (name == "max_pool2d") return max_pool2d(x[0], windows_of(json));
  if (name == "avg_pool2d") return avg_pool2d(x[0], windows_of(json), json.value("count_padding", false));
  if (name == "global_avg_pool") return global_avg_pool(x[0]);
  if (name == "upsample") return upsample(x[0], json.at("factors")[0], json.at("factors")[1]);
  if (name == "embedding") return embedding(x[0], x[1].value());
  if (name == "layer_norm") return layer_norm(x[0], x[1], x[2], json.at("epsilon"));
  if (name == "softmax") return softmax(x[0], json.at("axis"));
  if (name == "log_softmax") return log_softmax(x[0], json.at("axis"));
  fail("golden file: has operation \"", name, "\"; expected one that this test knows");
}

void check_operation(const Golden& golden) {
  Tape tape;
  Vars x, trained;  // those whose gradient is in the file
  std::vector<std::string> names;
  for (int i = 0; golden.has("x" + std::to_string(i)); ++i) {
    const std::string number = std::to_string(i);
    x.push_back(golden.at("x" + number));
    if (!golden.has("dx" + number)) continue;
    trained.push_back(x.back() = tape.variable(x.back().value()));
    names.push_back("dx" + number);
  }
  const Var y = operation(golden.json, x);
  golden.check("y", y.value());
  const Vars gradients = tape.gradient(sum(y * golden.at("dy")), trained);
  for (std::size_t i = 0; i < names.size(); ++i) golden.check(names[i], gradients[i].value());
}

void check_spectral_norm(const Golden& golden) {
  Problems problems;
  std::vector<LayerPlan> plans;
  read_description(golden, problems, [&](Options& root) { plans = read_layers(root, "spectral_norm"); });
  problems.raise();
  const Tensor& given = golden.at("x");
  SpectralNorm layer(plans.at(0).make(given.shape(), Random(1)), golden.json.at("axis"), Random(1));
  load_into(golden.part("initial"), layer.parameters(), layer.buffers(), golden.file.name);
  Tape tape;
  const Var x = tape.variable(given);
  const Var y = layer(pass_of(golden, tape), x);
  golden.check("y", y.value());
  for (const Buffer* buffer : layer.buffers()) golden.check("after/" + buffer->name(), buffer->value());
  const Var product = sum(y * golden.at("dy"));
  golden.check("dx", tape.gradient(product, {x})[0].value());
  check_gradients(golden, tape.gradient(product, layer.parameters()));
}

}  // namespace

TEST_CASE("golden: pooling, upsampling, embedding, layer norm and softmax are those of PyTorch") {
  each_case(GoldenFile("operations"), "operation", 22, check_operation);
}

TEST_CASE("golden: spectral norm is that of PyTorch") {
  each_case(GoldenFile("operations"), "spectral_norm", 6, check_spectral_norm);
}
