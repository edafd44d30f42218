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

}  // namespace

void build_networks(const NetworkPlans& plans, Configuration& read, Problems& problems) {
  const bool rest_is_right = problems.count() == 0;  // otherwise stand-ins would be taken for what was meant
  const Random random = Random(read.training.seed)("initial weights");
  const Shape& picture = read.data.from.picture;
  const Shape latents{read.training.generator_batch, read.latent.size};
  const Shape pictures{read.training.batch, picture[0], picture[1], picture[2]};
  read.generator = build_model(plans.generator, latents, random("generator"), problems);
  read.discriminator = build_model(plans.discriminator, pictures, random("discriminator"), problems);
  if (!rest_is_right) return;
  if (read.generator) {
    const LayerPlan& last = plans.generator.back();
    const Shape ends_in = read.generator->output_shape(latents);
    check_end(last, ends_in, pictures.with(0, ends_in[0]), "as the pictures are", problems);
    check_generator_head(last, read.data.scale, problems);
  }
  if (read.discriminator) {
    const LayerPlan& last = plans.discriminator.back();
    const bool one = read.loss.outputs == 1;
    check_end(last, read.discriminator->output_shape(pictures), {pictures[0], read.loss.outputs},
              one ? "one number that says how real a picture is" : "one logit for fake, one for real", problems);
    check_discriminator_head(last, read.loss.head, problems);
    if (read.loss.penalty_at != PenaltyAt::nowhere) check_penalised(plans.discriminator, problems);
  }
}

}  // namespace tapestry
