#include "apps/common/model.hpp"

#include <iomanip>
#include <new>
#include <sstream>

namespace tapestry {

namespace {

LayerPlan read_layer(Options& options) {
  LayerPlan plan{.type = "", .path = options.path(), .place = options.place(), .make = nullptr};
  const std::size_t problems_before = options.problems();
  plan.type = options.word("type", required, layer_types());
  if (plan.type.empty()) {
    options.ignore_the_rest();
    return plan;
  }
  MakeLayer make = reader_of(plan.type)(options);
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
