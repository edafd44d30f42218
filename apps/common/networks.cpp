#include "apps/common/networks.hpp"

namespace tapestry {
namespace {

void problem(const LayerPlan& layer, const std::string& what, Problems& problems) {
  problems.add(layer.place, layer.path + " " + what);
}

void check_end(const LayerPlan& last, const Shape& ends_in, const Shape& expected, const std::string& why,
               Problems& problems) {
  if (ends_in == expected) return;
  problem(
      last,
      last.type + ": the network ends in " + per_sample(ends_in) + "; expected " + per_sample(expected) + ", " + why,
      problems);
}

void check_generator_head(const LayerPlan& last, Scale scale, Problems& problems) {
  const bool symmetric = scale == Scale::minus_one_to_one;
  if (last.type != (symmetric ? "sigmoid" : "tanh")) return;
  problem(last,
          "is a " + last.type + ", which ends in " + (symmetric ? "[0, 1]" : "[-1, 1]") + "; expected a " +
              (symmetric ? "tanh" : "sigmoid") + ", since the data are scaled to " + (symmetric ? "[-1, 1]" : "[0, 1]"),
          problems);
}

void check_discriminator_head(const LayerPlan& last, Head head, Problems& problems) {
  const bool wanted = head == Head::probability;
  if ((last.type == "sigmoid") == wanted) return;
  const char* expected = wanted ? "a sigmoid" : head == Head::logit ? "the logits" : "the scores";
  const char* why = wanted ? "judges probabilities" : head == Head::logit ? "takes logits" : "takes scores of any size";
  problem(last, "is a " + last.type + "; expected " + expected + " at the end, since \"loss\" " + why, problems);
}

// The penalty is on the slope of D at each picture by itself; a batch norm lets every picture act on all others.
void check_penalised(const std::vector<LayerPlan>& discriminator, Problems& problems) {
  for (const LayerPlan& layer : discriminator)
    if (layer.type == "batch_norm")
      problem(layer,
              "is a batch_norm; expected none in a discriminator whose \"loss\" has a gradient penalty, since the "
              "verdict on a picture would depend on the others of its batch; leave it out, or take a layer_norm",
              problems);
}

// The head of the codes sees what the discriminator's last layer with weights sees.
void build_code_head(const std::vector<LayerPlan>& plans, const Shape& pictures, Random random, Configuration& read,
                     Problems& problems) {
  if (plans.empty()) return;
  Shape features = pictures, shape = pictures;
  for (std::size_t i = 0; i < read.discriminator->size(); ++i) {
    Layer& layer = (*read.discriminator)[i];
    if (!layer.parameters().empty()) features = shape;
    shape = layer.output_shape(shape);
  }
  read.codes.head = build_model(plans, features, random, problems);
  if (!read.codes.head) return;
  for (Parameter* p : read.codes.head->parameters()) p->rename("head." + p->name());
  check_end(plans.back(), read.codes.head->output_shape(features), {pictures[0], read.codes.size()},
            "one number for each category and each continuous code", problems);
}

// How many classes the labels have is known for some data sets only when they are loaded.
void check_classes(const std::vector<LayerPlan>& plans, const Sequential& network, const DataSource& data,
                   Problems& problems) {
  for (std::size_t i = 0; i < network.size(); ++i)
    if (const int classes = network[i].classes(); classes && data.classes && classes != data.classes)
      problem(plans[i],
              plans[i].type + ": has " + std::to_string(classes) + " classes; expected " +
                  std::to_string(data.classes) + ", as the data have",
              problems);
}

}  // namespace

void build_networks(const NetworkPlans& plans, Configuration& read, Problems& problems) {
  const bool rest_is_right = problems.count() == 0;  // otherwise stand-ins would be taken for what was meant
  const Random random = Random(read.training.seed)("initial weights");
  const Shape latents{read.training.generator_batch, read.latent.size + read.codes.size()};
  Shape pictures{read.training.batch};
  for (const Index length : read.data.from.picture) pictures.append(length);
  read.generator = build_model(plans.generator, latents, random("generator"), problems);
  read.discriminator = build_model(plans.discriminator, pictures, random("discriminator"), problems);
  if (!rest_is_right) return;
  if (read.generator) {
    const LayerPlan& last = plans.generator.back();
    const Shape ends_in = read.generator->output_shape(latents);
    check_end(last, ends_in, pictures.with(0, ends_in[0]), "as the data are", problems);
    check_generator_head(last, read.data.scale, problems);
    check_classes(plans.generator, *read.generator, read.data.from, problems);
  }
  if (read.discriminator) {
    const LayerPlan& last = plans.discriminator.back();
    const bool one = read.loss.outputs == 1;
    check_end(last, read.discriminator->output_shape(pictures), {pictures[0], read.loss.outputs},
              one ? "one number that says how real its input is" : "one logit for fake, one for real", problems);
    check_discriminator_head(last, read.loss.head, problems);
    check_classes(plans.discriminator, *read.discriminator, read.data.from, problems);
    build_code_head(plans.code_head, pictures, random("code head"), read, problems);
    if (read.loss.penalty_at != PenaltyAt::nowhere) check_penalised(plans.discriminator, problems);
  }
}

}  // namespace tapestry
