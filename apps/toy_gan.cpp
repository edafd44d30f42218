// A GAN that can be seen whole: two small networks, and points on a plane in place of pictures.
//
//   ./apps/toy_gan apps/configs/toy_collapse.json
//   ./apps/toy_gan apps/configs/toy_cured.json
//
// The generator bends a cloud of random numbers until it lies on eight Gaussians, a ring or a spiral; the discriminator
// colours the plane, blue where it takes points for real and orange where it takes them for fake. What you see, in
// seconds: a line and a picture every few steps, and how many of the eight modes the generator found. The first
// configuration collapses: the generator puts everything on one or two modes, perfectly. The second has one line
// changed, a penalty on the discriminator's slope, and finds all eight. The steps are those of the other trainers
// (common/training_step.cpp).
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "apps/common/animation.hpp"
#include "apps/common/file.hpp"
#include "apps/common/interrupt.hpp"
#include "apps/common/run_folder.hpp"
#include "apps/common/toy_configuration.hpp"
#include "apps/common/toy_picture.hpp"
#include "apps/common/training_step.hpp"
#include "autograd/machine.hpp"

using namespace tapestry;

namespace {

constexpr Index judged = 2500;  // points of which the share of good ones is taken

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[300];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

// The game that a configuration describes. Every point and latent follows from the seed and the number of the step.
class Toy {
 public:
  explicit Toy(ToyConfiguration& c)
      : c_(c),
        random_(c.game.training.seed),
        generator_optimizer_(c.game.generator_optimizer(c.game.generator->parameters())),
        discriminator_optimizer_(c.game.discriminator_optimizer(c.game.discriminator->parameters())),
        play_(*c.game.generator, *c.game.discriminator, *generator_optimizer_, *discriminator_optimizer_, c.game.loss,
              c.game.game) {
    c.game.generator->rename("generator");
    c.game.discriminator->rename("discriminator");
  }

  StepResult step(Index number) {
    const Training& t = c_.game.training;
    const Random random = random_("training")(number);
    std::vector<Round> rounds;
    for (Index i = 0; i < c_.game.game.critic_steps; ++i)
      rounds.push_back(
          {c_.cloud.draw(t.batch, random("points")(i)), latents(t.batch, random("latents of the discriminator")(i))});
    const bool shared = c_.game.game.fakes == Fakes::shared;
    return play_(rounds,
                 shared ? rounds.front().latents : latents(t.generator_batch, random("latents of the generator")),
                 random, number);
  }

  Tensor real(Index count) const { return c_.cloud.draw(count, random_("real points")); }
  Tensor samples(Index count) const {  // always from the same latents
    return (*c_.game.generator)(Pass::evaluation(), latents(count, random_("samples")).x).value();
  }

  // Probabilities from 0 to 1; scores, which may have any size, from the lowest to the highest.
  Field field() const {
    constexpr Index side = 91;
    Sequential& d = *c_.game.discriminator;
    const GanLoss& loss = c_.game.loss;
    const Var verdict = d.run(Pass::evaluation(), Field::places(side), 0, d.size() - loss.through_logit);
    Field field{.side = side, .belief = loss.belief(verdict).value()};
    if (loss.believes_in_probabilities()) return field;
    const Real* const first = field.belief.data();
    const auto [low, high] = std::minmax_element(first, first + field.belief.size());
    field.low = *low, field.high = *high;
    return field;
  }

 private:
  Batch latents(Index count, Random random) const { return draw_latents(c_.game.latent, {}, 0, count, random); }

  ToyConfiguration& c_;
  Random random_;
  std::unique_ptr<Optimizer> generator_optimizer_, discriminator_optimizer_;
  TrainingStep play_;
};

// What a run says and leaves.
class ToyOutputs {
 public:
  ToyOutputs(const ToyConfiguration& c, const Toy& toy, const RunFolder& run)
      : c_(c), toy_(toy), run_(run), metrics_(run.metrics()) {
    metrics_.append("step,discriminator_loss,generator_loss," +
                    std::string(probabilities() ? "d_of_x,d_of_g_of_z" : "score_of_x,score_of_g_of_z") + ",covered_" +
                    c_.cloud.part + "s,share_of_good_points");
  }

  void report(Index step, const StepResult& r) {
    const Coverage found = coverage(c_.cloud, toy_.samples(judged));
    const Picture picture =
        toy_picture(toy_.field(), toy_.real(c_.output.points), toy_.samples(c_.output.points), step, c_.output.size);
    write_png(run_.samples() + formatted("/step-%06ld.png", long(step)), picture);
    pictures_.push_back(picture);
    if (step == 0) return;
    metrics_.append(formatted("%ld,%.9g,%.9g,%.9g,%.9g,%ld,%.9g", long(step), r.discriminator_loss, r.generator_loss,
                              r.d_of_x, r.d_of_g_of_z, long(found.covered), found.good));
    const char* const believed = probabilities() ? "D(x) %.2f  D(G(z)) %.2f" : "score(x) %.2f  score(G(z)) %.2f";
    std::cout << formatted("step %5ld  %ld of %ld %ss  good %3.0f %%  d %.3f  g %.3f  ", long(step),
                           long(found.covered), long(c_.cloud.parts), c_.cloud.part.c_str(), 100 * found.good,
                           r.discriminator_loss, r.generator_loss)
              << formatted(believed, r.d_of_x, r.d_of_g_of_z) << std::endl;
  }

  void finish() {
    metrics_.close();
    write_png(run_.samples() + "/steps.png", toy_overview(pictures_));
    write_file(run_.samples() + "/steps-animated.png", encode_animation(pictures_, 200));
    const Coverage found = coverage(c_.cloud, toy_.samples(judged)), best = coverage(c_.cloud, toy_.real(judged));
    std::cout << formatted(
        "covers %ld of %ld %ss; %.1f %% of its points are good, within 3 deviations of the middle of "
        "one (real points: %.1f %%)\n",
        long(found.covered), long(c_.cloud.parts), c_.cloud.part.c_str(), 100 * found.good, 100 * best.good);
  }

 private:
  bool probabilities() const { return c_.game.loss.believes_in_probabilities(); }

  const ToyConfiguration& c_;
  const Toy& toy_;
  const RunFolder& run_;
  TextLog metrics_;
  std::vector<Picture> pictures_;
};

// Returns how many steps it came to.
Index train(const ToyConfiguration& c, Toy& toy, const RunFolder& run) {
  const Index steps = *c.game.training.steps;
  ToyOutputs output(c, toy, run);
  output.report(0, {});
  Index done = 0;
  while (done < steps && !interrupted()) {
    const StepResult result = toy.step(done++);
    if (done % c.output.every_steps == 0 || done == steps || interrupted()) output.report(done, result);
  }
  output.finish();
  return done;
}

void introduce(const ToyConfiguration& c, int threads) {
  const Training& t = c.game.training;
  std::cout << "data           " << c.cloud.name << ", noise of deviation " << c.cloud.deviation << "\n\n"
            << summary("generator", *c.game.generator, {1, c.game.latent.size}) << '\n'
            << summary("discriminator", *c.game.discriminator, {1, 2}) << '\n'
            << "training       " << with_commas(*t.steps) << " steps of " << with_commas(t.batch) << " real points\n"
            << "threads        " << threads << '\n';
}

int run(const CommandLine& line, const std::vector<std::string>& words) {
  ToyConfiguration c = read_toy_configuration(line);
  const int threads = use_threads(c.game.training.threads);
  introduce(c, threads);
  if (line.check) return exit_done;
  Toy toy(c);
  install_signal_handlers();
  const Index steps = *c.game.training.steps;
  const RunFolder run({.program = "toy_gan",
                       .command_line = words,
                       .steps = steps,
                       .epochs = 0,
                       .threads = threads,
                       .versions = {{"eigen", eigen_version()}}},
                      line.out.value_or(""), line.overwrite);
  write_file(run.config(), c.game.resolved.dump(2) + "\n");
  std::cout << "run folder     " << run.path() << "\n\n";
  try {
    const Index done = train(c, toy, run);
    run.record(done == steps ? RunState::finished : RunState::interrupted, done, 0);
    std::cout << "pictures of the steps are in " << run.samples() << ": steps.png, and steps-animated.png\n";
    if (done < steps) end_by_signal();
    return exit_done;
  } catch (const std::exception&) {
    run.record(RunState::failed, 0, 0);
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const CommandLine line = parse_command_line(
      argc, argv, "toy_gan", "Trains a small GAN on points in a plane, with pictures of what both networks do.");
  if (line.exit_code) return *line.exit_code;
  return run_program([&] { return run(line, {argv, argv + argc}); });
}
