// From a list of layers in a configuration to a network, and to a table that shows it.
//
//   "generator": [{"type": "linear", "features": 6272}, {"type": "leaky_relu", "slope": 0.2}, ...]
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "apps/common/layer_types.hpp"
#include "layers/sequential.hpp"

namespace tapestry {

struct LayerPlan {
  std::string type;  // conv2d
  std::string path;  // /generator/3
  Place place;
  MakeLayer make;  // nothing if its options are wrong
};
std::vector<LayerPlan> read_layers(Options& configuration, const std::string& network);

// The network for inputs of shape (N, ...). The first layer that does not fit what comes in is added to the problems;
// then, if the options of a layer were wrong, and if there are no layers, there is no network: null.
std::unique_ptr<Sequential> build_model(const std::vector<LayerPlan>& plans, const Shape& input, Random random,
                                        Problems& problems);

// Numbers that a layer keeps, as Keras counts them: running statistics are not trainable.
struct ParameterCount {
  Index trainable = 0, not_trainable = 0;
  Index total() const { return trainable + not_trainable; }
};
ParameterCount count_parameters(Layer& layer);

// A table of the layers, one line each: number, type, shape of its output for one sample, parameters; then the totals.
std::string summary(const std::string& title, Sequential& network, const Shape& input);

// The two networks one behind the other, as the generator's step runs them.
std::string summary_of_both(Sequential& generator, Sequential& discriminator, const Shape& latents);

std::string per_sample(const Shape& shape);  // (N, 128, 7, 7) -> 128 x 7 x 7
std::string with_commas(Index number);       // 1,164,289

}  // namespace tapestry
