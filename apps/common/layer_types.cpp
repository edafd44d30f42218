#include "apps/common/layer_types.hpp"

#include <algorithm>
#include <tuple>

#include "layers/layers.hpp"

namespace tapestry {

namespace {

constexpr int most_channels = 1 << 16, most_features = 1 << 20, most_pixels = 1 << 10;

using MakeInitializer = Initializer (*)();
Initializer zeros() { return constant(0); }
Initializer ones() { return constant(1); }

// A word, or an object for those with numbers: {"type": "normal", "mean": 0, "deviation": 0.02}.
Initializer read_initializer(Options& layer, const std::string& key, MakeInitializer otherwise) {
  if (layer.has_object(key)) {
    Options options = layer.object(key);
    const std::string type = options.word("type", required, {"normal", "constant"});
    if (type == "constant") return constant(static_cast<Real>(options.real("value", 0, Range::any())));
    if (type.empty()) options.ignore_the_rest();
    const double mean = options.real("mean", 0, Range::any());
    return normal(static_cast<Real>(mean), static_cast<Real>(options.real("deviation", 0.02, Range::from(0))));
  }
  return layer.choice<MakeInitializer>(key, otherwise,
                                       {{"glorot_uniform", glorot_uniform},
                                        {"glorot_normal", glorot_normal},
                                        {"he_uniform", he_uniform},
                                        {"he_normal", he_normal},
                                        {"zeros", zeros},
                                        {"ones", ones}})();
}

// N(0, 1) unless told otherwise.
Initializer read_initializer_of_rows(Options& layer, const std::string& key) {
  if (layer.has(key)) return read_initializer(layer, key, glorot_uniform);
  Options options = layer.object(key);
  options.word("type", "normal", {"normal"});
  const double mean = options.real("mean", 0, Range::any());
  return normal(static_cast<Real>(mean), static_cast<Real>(options.real("deviation", 1, Range::from(0))));
}

template <class L>
void read_weights(Options& layer, L& options) {
  options.bias = layer.boolean("bias", options.bias);
  options.weight_initializer = read_initializer(layer, "weight_initializer", glorot_uniform);
  options.bias_initializer = read_initializer(layer, "bias_initializer", zeros);
}

// "same", one number for all sides, or [top, bottom, left, right].
Padding read_padding(Options& layer, const Json& otherwise = "same") {
  const auto convert = [](const Json& value) -> std::optional<Padding> {
    if (value == "same") return Padding{};
    const Json sides = value.is_array() ? value : Json::array({value, value, value, value});
    if (sides.size() != 4) return {};
    for (const Json& side : sides)
      if (!side.is_number_unsigned() || side > most_pixels) return {};
    return Padding{false, sides[0], sides[1], sides[2], sides[3]};
  };
  const std::string expected =
      "\"same\", an integer from 0 to " + std::to_string(most_pixels) + ", or a list of four: top, bottom, left, right";
  return layer.value<Padding>("padding", otherwise, expected, convert).value_or(Padding{});
}

template <class L>
L read_convolution(Options& layer) {
  L options;
  options.channels = layer.integer("channels", required, 1, most_channels);
  std::tie(options.kernel_h, options.kernel_w) = layer.pair("kernel", required, 1, most_pixels);
  std::tie(options.stride_h, options.stride_w) = layer.pair("stride", 1, 1, most_pixels);
  options.padding = read_padding(layer);
  read_weights(layer, options);
  return options;
}

template <class L, class O>
MakeLayer with_input(const O& options) {
  return [options](const Shape& input, Random random) { return std::make_unique<L>(input, options, random); };
}

template <class L>
MakeLayer read_nothing(Options&) {
  return [](const Shape&, Random) { return std::make_unique<L>(); };
}

// The layer itself or, with the option spectral_norm, wrapped; `out_axis` counts the outputs of its weight.
template <class L, class O>
MakeLayer with_spectral_norm_if_asked(Options& layer, const O& options, int out_axis) {
  const MakeLayer make = with_input<L>(options);
  if (!layer.boolean("spectral_norm", false)) return make;
  return [=](const Shape& input, Random random) {
    return std::make_unique<SpectralNorm>(make(input, random), out_axis, random("spectral_norm"));
  };
}

MakeLayer read_linear(Options& layer) {
  LinearOptions options;
  options.features = layer.integer("features", required, 1, most_features);
  read_weights(layer, options);
  return with_spectral_norm_if_asked<Linear>(layer, options, 0);
}

MakeLayer read_conv2d(Options& layer) {
  return with_spectral_norm_if_asked<Conv2d>(layer, read_convolution<ConvOptions>(layer), 0);
}

MakeLayer read_conv_transpose2d(Options& layer) {
  ConvTransposeOptions options = read_convolution<ConvTransposeOptions>(layer);
  options.output_padding = static_cast<int>(layer.integer("output_padding", 0, 0, most_pixels));
  return with_spectral_norm_if_asked<ConvTranspose2d>(layer, options, 1);
}

MakeLayer read_embedding(Options& layer) {
  EmbeddingOptions options;
  options.classes = layer.integer("classes", required, 1, most_features);
  options.features = layer.integer("features", required, 1, most_features);
  options.weight_initializer = read_initializer_of_rows(layer, "weight_initializer");
  return with_input<Embedding>(options);
}

PoolOptions read_pool(Options& layer) {
  PoolOptions options;
  std::tie(options.kernel_h, options.kernel_w) = layer.pair("kernel", required, 1, most_pixels);
  const Json kernel = Json::array({options.kernel_h, options.kernel_w});
  std::tie(options.stride_h, options.stride_w) = layer.pair("stride", kernel, 1, most_pixels);
  options.padding = read_padding(layer, 0u);
  return options;
}

MakeLayer read_avg_pool2d(Options& layer) {
  PoolOptions options = read_pool(layer);
  options.count_padding = layer.boolean("count_padding", options.count_padding);
  return [options](const Shape&, Random) { return std::make_unique<AvgPool2d>(options); };
}

MakeLayer read_max_pool2d(Options& layer) {
  const PoolOptions options = read_pool(layer);
  return [options](const Shape&, Random) { return std::make_unique<MaxPool2d>(options); };
}

MakeLayer read_upsample(Options& layer) {
  const auto [fy, fx] = layer.pair("factor", required, 1, most_pixels);
  return [fy = fy, fx = fx](const Shape&, Random) { return std::make_unique<Upsample>(fy, fx); };
}

MakeLayer read_layer_norm(Options& layer) {
  LayerNormOptions options;
  options.epsilon = layer.real("epsilon", options.epsilon, Range::above(0));
  options.gamma_initializer = read_initializer(layer, "gamma_initializer", ones);
  options.beta_initializer = read_initializer(layer, "beta_initializer", zeros);
  return with_input<LayerNorm>(options);
}

MakeLayer read_batch_norm(Options& layer) {
  BatchNormOptions options;
  options.momentum = layer.real("momentum", options.momentum, Range::from_to(0, 1));
  options.epsilon = layer.real("epsilon", options.epsilon, Range::above(0));
  options.unbiased_running_variance = layer.boolean("unbiased_running_variance", options.unbiased_running_variance);
  options.gamma_initializer = read_initializer(layer, "gamma_initializer", ones);
  options.beta_initializer = read_initializer(layer, "beta_initializer", zeros);
  return with_input<BatchNorm>(options);
}

MakeLayer read_dropout(Options& layer) {
  const double rate = layer.real("rate", required, Range::from_below(0, 1));
  return [rate](const Shape&, Random) { return std::make_unique<Dropout>(rate); };
}

MakeLayer read_leaky_relu(Options& layer) {
  const auto slope = static_cast<Real>(layer.real("slope", required, Range::from(0)));
  return [slope](const Shape&, Random) { return std::make_unique<LeakyRelu>(slope); };
}

MakeLayer read_reshape(Options& layer) {
  const std::vector<Index> lengths = layer.integers("shape", Shape::max_rank - 1, 1, most_features);
  return [lengths](const Shape&, Random) { return std::make_unique<Reshape>(Shape(lengths.begin(), lengths.end())); };
}

int read_classes(Options& layer) { return static_cast<int>(layer.integer("classes", required, 2, 1 << 16)); }

MakeLayer read_class_embedding(Options& layer) {
  const int classes = read_classes(layer);
  const Index size = layer.integer("size", required, 1, most_features);
  return
      [=](const Shape& input, Random random) { return std::make_unique<ClassEmbedding>(input, classes, size, random); };
}

template <class L>
MakeLayer read_with_classes(Options& layer) {
  const int classes = read_classes(layer);
  return [=](const Shape& input, Random random) { return std::make_unique<L>(input, classes, random); };
}

using Types = std::vector<std::pair<std::string, ReadLayer>>;

Types& types() {
  static Types types = {{"linear", read_linear},
                        {"conv2d", read_conv2d},
                        {"conv_transpose2d", read_conv_transpose2d},
                        {"embedding", read_embedding},
                        {"avg_pool2d", read_avg_pool2d},
                        {"max_pool2d", read_max_pool2d},
                        {"global_avg_pool", read_nothing<GlobalAvgPool>},
                        {"upsample", read_upsample},
                        {"batch_norm", read_batch_norm},
                        {"layer_norm", read_layer_norm},
                        {"dropout", read_dropout},
                        {"leaky_relu", read_leaky_relu},
                        {"relu", read_nothing<Relu>},
                        {"elu", read_nothing<Elu>},
                        {"silu", read_nothing<Silu>},
                        {"tanh", read_nothing<Tanh>},
                        {"sigmoid", read_nothing<Sigmoid>},
                        {"flatten", read_nothing<Flatten>},
                        {"reshape", read_reshape},
                        {"class_embedding", read_class_embedding},
                        {"class_channel", read_with_classes<ClassChannel>},
                        {"projection", read_with_classes<Projection>}};
  return types;
}

const ReadLayer* find_type(const std::string& type) {
  for (const auto& [name, read] : types())
    if (name == type) return &read;
  return nullptr;
}

}  // namespace

void register_layer(const std::string& type, ReadLayer read) {
  if (find_type(type)) fail("register_layer: got \"", type, "\", which exists already; expected a new name");
  types().emplace_back(type, std::move(read));
}

std::vector<std::string> layer_types() {
  std::vector<std::string> names;
  for (const auto& [name, read] : types()) names.push_back(name);
  return names;
}

const ReadLayer& reader_of(const std::string& type) { return *find_type(type); }

}  // namespace tapestry
