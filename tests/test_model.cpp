// Networks from JSON: the recipes' parameter counts, tables, and what a layer says of an input that does not fit.
#include <doctest/doctest.h>

#include <new>

#include "apps/common/configuration.hpp"

using namespace tapestry;

namespace {

struct Built {
  std::unique_ptr<Sequential> network;
  Json resolved;
};

// The network of {"network": layers}. ConfigurationError for what is wrong.
Built build(const std::string& layers, const Shape& input) {
  const JsonSource source("c.json", "{\"network\": " + layers + "}");
  Problems problems;
  Built built;
  std::vector<LayerPlan> plans;
  {
    Options root({source, problems, built.resolved});
    plans = read_layers(root, "network");
  }
  built.network = build_model(plans, input, Random(1), problems);
  problems.raise();
  return built;
}

std::string error_of(const std::string& layers, const Shape& input) {
  try {
    build(layers, input);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

void check_count(const std::string& layers, const Shape& input, const Shape& output, Index trainable, Index total) {
  const Built built = build(layers, input);
  CHECK(built.network->output_shape(input) == output);
  CHECK(count_parameters(*built.network).trainable == trainable);
  CHECK(count_parameters(*built.network).total() == total);
}

Configuration recipe(const std::string& name) {
  return read_configuration(JsonSource::from_file("apps/configs/" + name), {{"mnist"}});
}

}  // namespace

TEST_CASE("model: the Keras recipe for CIFAR-10 has its parameter counts") {
  check_count(R"([
    {"type": "linear", "features": 4096}, {"type": "leaky_relu", "slope": 0.2}, {"type": "reshape", "shape": [256, 4, 4]},
    {"type": "conv_transpose2d", "channels": 128, "kernel": 4, "stride": 2}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv_transpose2d", "channels": 128, "kernel": 4, "stride": 2}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv_transpose2d", "channels": 128, "kernel": 4, "stride": 2}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv2d", "channels": 3, "kernel": 3}, {"type": "tanh"}])",
              {64, 100}, {64, 3, 32, 32}, 1466115, 1466115);
  check_count(R"([
    {"type": "conv2d", "channels": 64, "kernel": 3, "stride": 2}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv2d", "channels": 128, "kernel": 3, "stride": 2}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv2d", "channels": 128, "kernel": 3, "stride": 2}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv2d", "channels": 256, "kernel": 3, "stride": 2}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "flatten"}, {"type": "dropout", "rate": 0.4}, {"type": "linear", "features": 1}, {"type": "sigmoid"}])",
              {64, 3, 32, 32}, {64, 1}, 519425, 519425);
}

TEST_CASE("model: the TensorFlow 1 recipe for MNIST has its parameter counts") {
  check_count(R"([
    {"type": "linear", "features": 6272}, {"type": "batch_norm"}, {"type": "relu"}, {"type": "reshape", "shape": [128, 7, 7]},
    {"type": "conv_transpose2d", "channels": 64, "kernel": 5, "stride": 2}, {"type": "batch_norm"}, {"type": "relu"},
    {"type": "conv_transpose2d", "channels": 1, "kernel": 5, "stride": 2}, {"type": "tanh"}])",
              {128, 100}, {128, 1, 28, 28}, 852609, 852609 + 2 * (6272 + 64));
  check_count(R"([
    {"type": "conv2d", "channels": 64, "kernel": 5, "stride": 2}, {"type": "batch_norm"}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "conv2d", "channels": 128, "kernel": 5, "stride": 2}, {"type": "batch_norm"}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "flatten"}, {"type": "linear", "features": 1024}, {"type": "batch_norm"}, {"type": "leaky_relu", "slope": 0.2},
    {"type": "linear", "features": 2}])",
              {128, 1, 28, 28}, {128, 2}, 6634626, 6634626 + 2 * (64 + 128 + 1024));
}

TEST_CASE("model: mnist_keras.json is the recipe") {
  const Configuration read = recipe("mnist_keras.json");
  CHECK(count_parameters(*read.generator).total() == 1164289);
  CHECK(count_parameters(*read.discriminator).total() == 40705);
  CHECK(read.data.scale == Scale::zero_to_one);
  CHECK(read.loss.through_logit);
  CHECK(read.game.discriminator_step == DiscriminatorStep::concatenated);
  CHECK(read.game.fakes == Fakes::fresh);
  CHECK(read.game.order == Order::alternating);
  CHECK(read.training.batches == BatchPolicy::with_replacement);
  CHECK(read.training.batch == 128);
  CHECK(read.training.generator_batch == 256);
  CHECK(read.training.epochs == 50);
  CHECK(read.training.steps_per_epoch == 234);
  CHECK(read.resolved["optimizers"]["generator"] == read.resolved["optimizers"]["discriminator"]);
  CHECK(read.resolved["optimizers"]["generator"].dump() ==
        R"({"type":"adam","learning_rate":0.0002,"beta1":0.5,"beta2":0.999,"epsilon":1e-07,)"
        R"("epsilon_place":"outside_correction"})");
}

TEST_CASE("model: mnist_tf2.json is the recipe") {
  const Configuration read = recipe("mnist_tf2.json");
  CHECK(count_parameters(*read.generator).total() == 2330944);
  CHECK(count_parameters(*read.generator).trainable == 2305472);
  CHECK(count_parameters(*read.discriminator).total() == 212865);
  CHECK(read.data.scale == Scale::minus_one_to_one);
  CHECK(read.loss.head == Head::logit);
  CHECK(read.game.discriminator_step == DiscriminatorStep::summed);
  CHECK(read.game.fakes == Fakes::shared);
  CHECK(read.game.order == Order::simultaneous);
  CHECK(read.training.batches == BatchPolicy::shuffled_keep);
  CHECK(read.training.batch == 256);
  CHECK(read.training.epochs == 50);
  CHECK(read.resolved["generator"][1].dump() ==
        R"({"type":"batch_norm","momentum":0.99,"epsilon":0.001,"unbiased_running_variance":false,)"
        R"("gamma_initializer":"ones","beta_initializer":"zeros"})");
  CHECK(read.resolved["optimizers"]["discriminator"]["learning_rate"] == 1e-4);
}

TEST_CASE("model: the table") {
  const Built built = build(R"([{"type": "linear", "features": 1568}, {"type": "batch_norm"},
                               {"type": "reshape", "shape": [32, 7, 7]}])",
                            {2, 100});
  CHECK(summary("generator", *built.network, {2, 100}) ==
        "generator: 100 -> 32 x 7 x 7\n"
        "   #  layer             output shape        parameters\n"
        "   0  linear            1568                   158,368\n"
        "   1  batch_norm        1568                     6,272\n"
        "   2  reshape           32 x 7 x 7                   -\n"
        "      total                                    164,640\n"
        "      trainable                                161,504\n"
        "      not trainable                              3,136\n");
}

TEST_CASE("model: commas") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(123456) == "123,456");
  CHECK(with_commas(1234567) == "1,234,567");
}

TEST_CASE("model: kernel, stride and padding in each of their forms") {
  const auto shape = [](const std::string& options) {
    const Shape input{1, 3, 10, 12};
    return build("[{\"channels\": 2, " + options + "}]", input).network->output_shape(input);
  };
  const std::string conv = R"("type": "conv2d", )", transposed = R"("type": "conv_transpose2d", )";
  CHECK(shape(conv + R"("kernel": 3)") == Shape{1, 2, 10, 12});
  CHECK(shape(conv + R"("kernel": [3, 5], "padding": 0)") == Shape{1, 2, 8, 8});
  CHECK(shape(conv + R"("kernel": 3, "stride": [1, 2], "padding": 1)") == Shape{1, 2, 10, 6});
  CHECK(shape(conv + R"("kernel": 3, "padding": [0, 1, 2, 4])") == Shape{1, 2, 9, 16});
  CHECK(shape(transposed + R"("kernel": 5, "stride": 2)") == Shape{1, 2, 20, 24});
  CHECK(shape(transposed + R"("kernel": 5, "stride": 2, "padding": 2)") == Shape{1, 2, 19, 23});
  CHECK(shape(transposed + R"("kernel": 5, "stride": 2, "padding": 2, "output_padding": 1)") == Shape{1, 2, 20, 24});
}

TEST_CASE("model: initial weights follow the configuration") {
  const Built built = build(R"([{"type": "linear", "features": 4000, "bias_initializer": "ones",
                                 "weight_initializer": {"type": "normal", "mean": 3, "deviation": 0.5}},
                                {"type": "linear", "features": 1, "bias": false,
                                 "weight_initializer": {"type": "constant", "value": 0.25}}])",
                            {1, 2});
  const Parameters all = built.network->parameters();
  REQUIRE(all.size() == 3);
  double sum = 0, squares = 0;
  for (Real w : all[0]->value().numbers()) sum += w, squares += (w - 3.) * (w - 3.);
  CHECK(sum / 8000 == doctest::Approx(3).epsilon(0.02));
  CHECK(squares / 8000 == doctest::Approx(0.25).epsilon(0.1));
  CHECK(all[1]->value()[0] == 1);
  CHECK(all[2]->value()[0] == Real(0.25));
  CHECK(built.resolved["network"][1]["weight_initializer"].dump() == R"({"type":"constant","value":0.25})");
}

TEST_CASE("model: two layers of a kind start from different weights") {
  const Built built = build(R"([{"type": "linear", "features": 4}, {"type": "linear", "features": 4}])", {1, 4});
  CHECK(built.network->parameters()[0]->value()[0] != built.network->parameters()[2]->value()[0]);
}

TEST_CASE("model: a layer that does not fit is named with its place") {
  CHECK(error_of("[{\"type\": \"linear\", \"features\": 7},\n {\"type\": \"conv2d\", \"channels\": 1, \"kernel\": 3}]",
                 {8, 2})
            .starts_with("c.json:2:2: /network/1 conv2d: got (8, 7); expected (N, C, H, W)"));
  register_layer("too_large", [](Options&) -> MakeLayer {
    return [](const Shape&, Random) -> LayerPtr { throw std::bad_alloc(); };
  });
  CHECK(error_of(R"([{"type": "too_large"}])", {8, 2}) ==
        "c.json:1:14: /network/0 too_large: its weights do not fit into memory; make it smaller");
}

TEST_CASE("model: behind a layer that does not fit, options are still checked") {
  const std::string error = error_of(
      "[{\"type\": \"flatten\"}, {\"type\": \"reshape\", \"shape\": [5]},\n"
      " {\"type\": \"conv2d\", \"channels\": 1}, {\"type\": \"relu\", \"slope\": 1}]",
      {8, 2});
  CHECK(error.find("c.json:1:35: /network/1 reshape: got (8, 2), ") == 0);
  CHECK(error.find("\nc.json:2:2: /network/2/kernel is missing; expected an integer from 1 to 1024, or a list of two, "
                   "height and width") != std::string::npos);
  CHECK(error.find("\nc.json:2:54: /network/3/slope is not a known key; expected one of \"type\"") !=
        std::string::npos);
}

TEST_CASE("model: options of layers") {
  const auto padding = [](const std::string& value) {
    return error_of("[{\"type\": \"conv2d\", \"channels\": 1, \"kernel\": 3, \"padding\": " + value + "}]",
                    {1, 1, 9, 9});
  };
  const std::string expected =
      "; expected \"same\", an integer from 0 to 1024, or a list of four: top, bottom, left, "
      "right";
  CHECK(padding("\"valid\"") == "c.json:1:72: /network/0/padding is \"valid\"" + expected);
  CHECK(padding("-1") == "c.json:1:72: /network/0/padding is -1" + expected);
  CHECK(padding("[1, 1]") == "c.json:1:72: /network/0/padding is [1,1]" + expected);
  CHECK(padding("1.0") == "c.json:1:72: /network/0/padding is 1.0" + expected);
  const std::string unknown = error_of(R"([{"type": "conv", "channels": 3}])", {1, 1, 9, 9});
  CHECK(unknown.ends_with("; did you mean \"conv2d\"?"));
  CHECK(unknown.find('\n') == std::string::npos);
  CHECK(error_of(R"([{"features": 3}])", {1, 1})
            .starts_with("c.json:1:14: /network/0/type is missing; expected one of "));
  CHECK(error_of("[]", {1, 1}) == "c.json:1:13: /network is []; expected a list of at least one object");
  CHECK(error_of("[3]", {1, 1}) == "c.json:1:14: /network/0 is 3; expected an object");
  CHECK(error_of(R"([{"type": "reshape", "shape": [1, 1, 1, 1, 1, 1]}])", {1, 1}) ==
        "c.json:1:43: /network/0/shape is [1,1,1,1,1,1]; expected a list of 1 to 5 integers from 1 to 1048576");
}

TEST_CASE("model: a layer of a user's own") {
  struct Doubling : Layer {
    explicit Doubling(int times) : times(times) {}
    Var operator()(const Pass&, Var x) override { return x; }
    Shape output_shape(const Shape& input) const override { return {input[0], input[1] << times}; }
    std::string kind() const override { return "doubling"; }
    int times;
  };
  register_layer("doubling", [](Options& options) -> MakeLayer {
    const int times = static_cast<int>(options.integer("times", 1, 1, 5));
    return [times](const Shape&, Random) { return std::make_unique<Doubling>(times); };
  });
  check_count(R"([{"type": "doubling", "times": 3}, {"type": "doubling"}])", {4, 5}, {4, 80}, 0, 0);
  CHECK(error_of(R"([{"type": "doubling", "times": 6}])", {4, 5}).ends_with(" is 6; expected an integer from 1 to 5"));
  CHECK_THROWS_WITH(register_layer("linear", nullptr),
                    "register_layer: got \"linear\", which exists already; expected a new name");
}

TEST_CASE("model: pooling, upsampling, embedding and layer norm from JSON") {
  const auto shape = [](const std::string& layer, const Shape& input) {
    return build("[{" + layer + "}]", input).network->output_shape(input);
  };
  const Shape pictures{2, 3, 7, 8};
  for (const std::string type : {"avg_pool2d", "max_pool2d"}) {
    const std::string pool = "\"type\": \"" + type + "\", ";
    CHECK(shape(pool + R"("kernel": 2)", pictures) == Shape{2, 3, 3, 4});
    CHECK(shape(pool + R"("kernel": [3, 2], "stride": [1, 2])", pictures) == Shape{2, 3, 5, 4});
    CHECK(shape(pool + R"("kernel": 2, "padding": "same")", pictures) == Shape{2, 3, 4, 4});
    CHECK(shape(pool + R"("kernel": 3, "stride": 2, "padding": 1)", pictures) == Shape{2, 3, 4, 4});
    CHECK(shape(pool + R"("kernel": 3, "padding": [2, 0, 1, 0])", pictures) == Shape{2, 3, 3, 3});
  }
  CHECK(shape(R"("type": "global_avg_pool")", pictures) == Shape{2, 3});
  CHECK(shape(R"("type": "upsample", "factor": 2)", pictures) == Shape{2, 3, 14, 16});
  CHECK(shape(R"("type": "upsample", "factor": [1, 3])", pictures) == Shape{2, 3, 7, 24});
  CHECK(shape(R"("type": "embedding", "classes": 10, "features": 50)", {4, 1}) == Shape{4, 50});
  check_count(R"([{"type": "embedding", "classes": 10, "features": 50}, {"type": "layer_norm"}, {"type": "elu"},
                  {"type": "silu"}])",
              {4, 1}, {4, 50}, 600, 600);

  const Built built = build(R"([{"type": "avg_pool2d", "kernel": [2, 3]}, {"type": "layer_norm"}])", pictures);
  CHECK(built.resolved["network"][0].dump() ==
        R"({"type":"avg_pool2d","kernel":[2,3],"stride":[2,3],"padding":0,"count_padding":false})");
  CHECK(built.resolved["network"][1].dump() ==
        R"({"type":"layer_norm","epsilon":1e-05,"gamma_initializer":"ones","beta_initializer":"zeros"})");
  const Built embedding = build(R"([{"type": "embedding", "classes": 4000, "features": 5}])", {4, 1});
  CHECK(embedding.resolved["network"][0]["weight_initializer"].dump() == R"({"type":"normal","mean":0,"deviation":1})");
  double squares = 0;
  for (Real w : embedding.network->parameters()[0]->value().numbers()) squares += double(w) * w;
  CHECK(squares / 20000 == doctest::Approx(1).epsilon(0.05));
  const Built ones =
      build(R"([{"type": "embedding", "classes": 2, "features": 1, "weight_initializer": "ones"}])", {4, 1});
  CHECK(ones.network->parameters()[0]->value().numbers() == std::vector<Real>{1, 1});
  const Built again = build("[" + embedding.resolved["network"][0].dump() + "]", {4, 1});
  CHECK(again.resolved == embedding.resolved);

  const Tensor x({1, 1, 1, 3}, {1, 2, 6});
  const auto padded = [&](const std::string& count) {
    return (*build(R"([{"type": "avg_pool2d", "kernel": [1, 2], "padding": [0, 0, 1, 0], "count_padding": )" + count +
                       "}]",
                   x.shape())
                 .network)({}, x)
        .value()
        .numbers();
  };
  CHECK(padded("false") == std::vector<Real>{1, 4});
  CHECK(padded("true") == std::vector<Real>{Real(0.5), 4});

  CHECK(
      error_of(R"([{"type": "max_pool2d", "kernel": 2, "padding": 2}])", pictures) ==
      "c.json:1:14: /network/0 max_pool2d: got a padding of 2 and a kernel of 2x2; expected less padding than kernel, "
      "so that there is a pixel under each window; pad less");
  CHECK(error_of(R"([{"type": "max_pool2d", "kernel": 9}])", pictures) ==
        "c.json:1:14: /network/0 max_pool2d: got (2, 3, 7, 8), with padding 7x8; expected at least the kernel's 9x9; "
        "take a smaller kernel or more padding");
  CHECK(error_of(R"([{"type": "max_pool2d", "kernel": 2, "strides": 1}])", pictures)
            .ends_with("; did you mean \"stride\"?"));
  CHECK(error_of(R"([{"type": "upsample", "factor": 0}])", pictures) ==
        "c.json:1:45: /network/0/factor is 0; expected an integer from 1 to 1024, or a list of two, height and width");
  CHECK(error_of(R"([{"type": "embedding", "classes": 3, "features": 2}])", {4, 2}) ==
        "c.json:1:14: /network/0 embedding: got (4, 2); expected (N, 1) or (N), a class number for each sample");
  CHECK(error_of(R"([{"type": "layer_norm"}])", {4}) ==
        "c.json:1:14: /network/0 layer_norm: got (4); expected (N, ...) with 2 axes or more; the first one counts the "
        "samples");
}

TEST_CASE("model: spectral norm is an option of layers with a weight") {
  const Built built = build(R"([{"type": "conv_transpose2d", "channels": 4, "kernel": 3, "spectral_norm": true},
                                {"type": "conv2d", "channels": 2, "kernel": 3, "bias": false, "spectral_norm": true},
                                {"type": "flatten"}, {"type": "linear", "features": 1, "spectral_norm": true}])",
                            {2, 3, 5, 5});
  std::string names;
  for (const Parameter* p : built.network->parameters()) names += p->name() + p->shape().text() + " ";
  for (const Buffer* b : built.network->buffers()) names += b->name() + b->shape().text() + " ";
  CHECK(names ==
        "0.weight_orig(3, 4, 3, 3) 0.bias(4) 1.weight_orig(2, 4, 3, 3) 3.weight_orig(1, 50) 3.bias(1) "
        "0.weight_u(4) 0.weight_v(27) 1.weight_u(2) 1.weight_v(36) 3.weight_u(1) 3.weight_v(50) ");
  CHECK(built.resolved["network"][3]["spectral_norm"] == true);
  CHECK(build(R"([{"type": "linear", "features": 1}])", {1, 2}).resolved["network"][0]["spectral_norm"] == false);
  CHECK(
      error_of(R"([{"type": "batch_norm", "spectral_norm": true}])", {1, 2}).find("spectral_norm is not a known key") !=
      std::string::npos);
}
