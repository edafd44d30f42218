#include "apps/common/model.hpp"

#include <iomanip>
#include <map>
#include <new>
#include <sstream>

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

template <class L>
void read_weights(Options& layer, L& options) {
  options.bias = layer.boolean("bias", options.bias);
  options.weight_initializer = read_initializer(layer, "weight_initializer", glorot_uniform);
  options.bias_initializer = read_initializer(layer, "bias_initializer", zeros);
}

// "same", one number for all sides, or [top, bottom, left, right].
Padding read_padding(Options& layer) {
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
  return layer.value<Padding>("padding", "same", expected, convert).value_or(Padding{});
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

MakeLayer read_linear(Options& layer) {
  LinearOptions options;
  options.features = layer.integer("features", required, 1, most_features);
  read_weights(layer, options);
  return with_input<Linear>(options);
}

MakeLayer read_conv2d(Options& layer) { return with_input<Conv2d>(read_convolution<ConvOptions>(layer)); }

MakeLayer read_conv_transpose2d(Options& layer) {
  ConvTransposeOptions options = read_convolution<ConvTransposeOptions>(layer);
  options.output_padding = static_cast<int>(layer.integer("output_padding", 0, 0, most_pixels));
  return with_input<ConvTranspose2d>(options);
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
                        {"batch_norm", read_batch_norm},
                        {"dropout", read_dropout},
                        {"leaky_relu", read_leaky_relu},
                        {"relu", read_nothing<Relu>},
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

LayerPlan read_layer(Options& options) {
  LayerPlan plan{.type = "", .path = options.path(), .place = options.place(), .make = nullptr};
  std::vector<std::string> names;
  for (const auto& [name, read] : types()) names.push_back(name);
  const std::size_t problems_before = options.problems();
  plan.type = options.word("type", required, names);
  if (plan.type.empty()) {
    options.ignore_the_rest();
    return plan;
  }
  MakeLayer make = (*find_type(plan.type))(options);
  if (options.problems() == problems_before) plan.make = std::move(make);
  return plan;
}

// The layer, which fits what comes in; null, with a problem, if it does not.
LayerPtr make_layer(const LayerPlan& plan, const Shape& input, Random random, Problems& problems) {
  try {
    LayerPtr layer = plan.make(input, random);
    layer->output_shape(input);
    return layer;
  } catch (const Error& error) {
    problems.add(plan.place, plan.path + " " + error.what());
  } catch (const std::bad_alloc&) {
    problems.add(plan.place, plan.path + " " + plan.type + ": its weights do not fit into memory; make it smaller");
  }
  return nullptr;
}

}  // namespace

void register_layer(const std::string& type, ReadLayer read) {
  if (find_type(type)) fail("register_layer: got \"", type, "\", which exists already; expected a new name");
  types().emplace_back(type, std::move(read));
}

std::vector<LayerPlan> read_layers(Options& configuration, const std::string& network) {
  std::vector<LayerPlan> plans;
  configuration.each(network, [&](Options& layer) { plans.push_back(read_layer(layer)); });
  return plans;
}

std::unique_ptr<Sequential> build_model(const std::vector<LayerPlan>& plans, const Shape& input, Random random,
                                        Problems& problems) {
  if (plans.empty()) return nullptr;
  auto network = std::make_unique<Sequential>();
  Shape shape = input;
  for (const LayerPlan& plan : plans) {
    LayerPtr layer =
        plan.make ? make_layer(plan, shape, random(static_cast<Index>(network->size())), problems) : nullptr;
    if (!layer) return nullptr;
    shape = network->add(std::move(layer)).output_shape(shape);
  }
  return network;
}

ParameterCount count_parameters(Layer& layer) {
  ParameterCount count;
  for (const Parameter* parameter : layer.parameters())
    (parameter->frozen() ? count.not_trainable : count.trainable) += parameter->shape().size();
  for (const Buffer* buffer : layer.buffers()) count.not_trainable += buffer->shape().size();
  return count;
}

std::string per_sample(const Shape& shape) {
  std::string text;
  for (int axis = 1; axis < shape.rank(); ++axis) text += (axis > 1 ? " x " : "") + std::to_string(shape[axis]);
  return text;
}

std::string with_commas(Index number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<Index>(digits.size()) - 3; at > (number < 0); at -= 3) digits.insert(at, ",");
  return digits;
}

namespace {

std::string table_line(const std::string& number, const std::string& what, const std::string& shape, Index parameters) {
  std::ostringstream line;
  line << std::right << std::setw(4) << number << "  " << std::left << std::setw(18) << what << std::setw(18) << shape
       << std::right << std::setw(12) << (parameters ? with_commas(parameters) : "-") << "\n";
  return line.str();
}

std::string table_head(const std::string& title, const Shape& input, const Shape& output) {
  return title + ": " + per_sample(input) + " -> " + per_sample(output) +
         "\n   #  layer             output shape        parameters\n";
}

}  // namespace

std::string summary(const std::string& title, Sequential& network, const Shape& input) {
  std::string table = table_head(title, input, network.output_shape(input));
  Shape shape = input;
  for (std::size_t i = 0; i < network.size(); ++i) {
    shape = network[i].output_shape(shape);
    table += table_line(std::to_string(i), network[i].kind(), per_sample(shape), count_parameters(network[i]).total());
  }
  const ParameterCount count = count_parameters(network);
  table += table_line("", "total", "", count.total());
  if (count.not_trainable == 0) return table;
  return table + table_line("", "trainable", "", count.trainable) +
         table_line("", "not trainable", "", count.not_trainable);
}

std::string summary_of_both(Sequential& generator, Sequential& discriminator, const Shape& latents) {
  const Shape picture = generator.output_shape(latents), verdict = discriminator.output_shape(picture);
  const ParameterCount g = count_parameters(generator), d = count_parameters(discriminator);
  return table_head("both", latents, verdict) + table_line("0", "generator", per_sample(picture), g.total()) +
         table_line("1", "discriminator", per_sample(verdict), d.total()) +
         table_line("", "total", "", g.total() + d.total()) + table_line("", "trainable", "", g.trainable) +
         table_line("", "not trainable", "", g.not_trainable + d.total());
}

}  // namespace tapestry
