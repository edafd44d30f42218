#include "apps/common/saved_generator.hpp"

#include <algorithm>

#include "apps/common/data_sources.hpp"
#include "apps/common/model.hpp"
#include "apps/common/safetensors.hpp"

namespace tapestry {
namespace {

// The configuration of the network, as far as the file has it.
JsonSource described(const Checkpoint& checkpoint, const std::string& path) {
  std::string text;
  for (const auto& [part, key] : {std::pair("generator", "model"), {"latent", "latent"}, {"scale", "scale"}}) {
    const auto found = checkpoint.metadata.find(key);
    if (found == checkpoint.metadata.end())
      fail(path, ": does not say its \"", key,
           "\"; expected a generator that a trainer saved; take generator.safetensors "
           "of a run folder");
    text += std::string(text.empty() ? "{" : ", ") + '"' + part + "\": " + found->second;
  }
  if (const auto codes = checkpoint.metadata.find("codes"); codes != checkpoint.metadata.end())
    text += ", \"codes\": " + codes->second;
  return JsonSource(path, text + "}");
}

}  // namespace

SavedGenerator load_generator(const std::string& path) {
  const Checkpoint checkpoint = read_safetensors(path);
  const JsonSource source = described(checkpoint, path);
  SavedGenerator saved;
  Problems problems;
  Json resolved;
  std::vector<LayerPlan> plans;
  {
    Options root({source, problems, resolved});
    saved.latent = read_latent(root.object("latent"));
    saved.scale = read_scale(root);
    plans = read_layers(root, "generator");
    root.ignore("codes");
  }
  if (const Json& whole = source.document(); whole.contains("codes")) {
    saved.codes.categorical = whole["codes"].value("categorical", Index(0));
    saved.codes.continuous = whole["codes"].value("continuous", Index(0));
  }
  problems.raise();
  const Shape latents{1, saved.latent.size + saved.codes.size()};
  saved.network = build_model(plans, latents, Random(), problems);
  const Shape picture = problems.count() ? Shape{} : saved.network->output_shape(latents);
  if (picture.rank() != 4 || (picture[1] != 1 && picture[1] != 3))
    fail(path,
         ": makes no pictures of latents, so these are the weights of a discriminator, or of a code head; expected a "
         "generator's; take generator.safetensors of the run folder");
  load_into(checkpoint, saved.network->parameters(), saved.network->buffers(), path);
  saved.picture = Shape{picture[1], picture[2], picture[3]};
  saved.classes = saved.network->classes();
  return saved;
}

Tensor SavedGenerator::draw(const Batch& z) const {
  constexpr Index at_once = 256;  // what a batch needs of memory does not grow with the number of pictures
  Vars parts;
  for (Index first = 0; first < z.count(); first += at_once) {
    const Index end = std::min(first + at_once, z.count());
    Pass pass = Pass::evaluation();
    if (!z.labels.empty()) pass.labels = slice(z.labels, 0, first, end).value();
    parts.push_back((*network)(pass, slice(z.x, 0, first, end)));
  }
  return concat(parts, 0).value();
}

}  // namespace tapestry
