// The types of layers that configurations know, and how the options of each are read.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/common/options.hpp"
#include "layers/layer.hpp"

namespace tapestry {

// A layer in two stages: its options are read first, then, when the layers before it are known, it is made for inputs
// of a shape (N, ...).
using MakeLayer = std::function<LayerPtr(const Shape& input, Random random)>;
using ReadLayer = std::function<MakeLayer(Options& options)>;

// Makes a type of layer known to configurations, from anywhere, before the first one is read:
//
//   register_layer("scale", [](Options& options) -> MakeLayer {
//     const double factor = options.real("factor", required, Range::any());
//     return [=](const Shape&, Random) { return std::make_unique<Scale>(factor); };
//   });
void register_layer(const std::string& type, ReadLayer read);

std::vector<std::string> layer_types();               // their names
const ReadLayer& reader_of(const std::string& type);  // of one of these

}  // namespace tapestry
