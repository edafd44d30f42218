#include "apps/common/run_output.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <utility>

#include "apps/common/model_picture.hpp"
#include "apps/common/picture.hpp"
#include "apps/common/safetensors.hpp"
#include "apps/common/step_cost.hpp"
#include "apps/common/version.hpp"

namespace tapestry {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One column of metrics.csv. The rest of a step's result is printed where it has a meaning.
struct Column {
  std::string name;
  double value;
};
std::vector<Column> columns(const Configuration& c, const StepResult& r) {
  const bool probabilities = c.loss.believes_in_probabilities();
  std::vector<Column> all = {{"loss_on_real", r.loss_on_real},
                             {"loss_on_fake", r.loss_on_fake},
                             {"discriminator_loss", r.discriminator_loss},
                             {"generator_loss", r.generator_loss},
                             {probabilities ? "d_of_x" : "score_of_x", r.d_of_x},
                             {probabilities ? "d_of_g_of_z" : "score_of_g_of_z", r.d_of_g_of_z}};
  if (c.loss.penalty_at != PenaltyAt::nowhere) all.push_back({"penalty", r.penalty});
  if (c.codes.head) all.push_back({"code_loss", r.code_loss});
  return all;
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

}  // namespace

void introduce(std::ostream& out, Configuration& c, const Dataset& dataset, const Session& session, int threads) {
  const Shape& p = dataset.picture_shape;
  const Shape latent{1, c.latent.size + c.codes.size()}, picture{1, p[0], p[1], p[2]};
  out << "data           " << dataset.name << ": " << with_commas(dataset.count()) << " pictures of "
      << per_sample(picture) << ", scaled to " << (c.data.scale == Scale::zero_to_one ? "[0, 1]" : "[-1, 1]") << '\n';
  for (const std::string& note : dataset.notes) out << "               " << note << '\n';
  out << '\n'
      << summary("generator", *c.generator, latent) << '\n'
      << summary("discriminator", *c.discriminator, picture) << '\n'
      << summary_of_both(*c.generator, *c.discriminator, latent) << '\n';
  const double work = multiply_adds_of_step(*c.generator, *c.discriminator, p, latent[1], c.training, c.game);
  const auto counted = [](Index count, const char* what) {
    return with_commas(count) + what + (count == 1 ? "" : "s");
  };
  out << "training       " << counted(session.epochs(), " epoch") << ", " << counted(session.steps(), " step") << " of "
      << with_commas(c.training.batch) << " real pictures\n"
      << "work           " << std::fixed << std::setprecision(2) << work * 1e-9 << " billion multiply-adds in a step\n"
      << std::defaultfloat << "threads        " << threads << '\n';
}

RunOutput::RunOutput(std::ostream& out, Configuration& c, Session& session, const RunFolder& run)
    : out_(out),
      c_(c),
      session_(session),
      run_(run),
      progress_(out, Screen::of(1), {.seconds_per_line = c.output.log_every_seconds}),
      metrics_(run.metrics()),
      timing_(run.timing()),
      start_(seconds_now()) {
  std::string header = "step,epoch";
  for (const Column& column : columns(c, {})) header += "," + column.name;
  metrics_.append(header);
  timing_.append("step,seconds");
}

void RunOutput::before_training() {
  const Index count = c_.output.samples.rows * c_.output.samples.columns;
  save_grid(run_.real_sample(), session_.preview(count), layout());
  const Batch z = session_.sample_latents(count);
  write_file(run_.model(), model_picture(*c_.generator, *c_.discriminator, z.x.shape()));
  const Tensor pictures = session_.draw(z);
  save_grid(run_.untrained_sample(), pictures, layout());
  Batch first{slice(pictures, 0, 0, 1).value()};
  if (!z.labels.empty()) first.labels = slice(z.labels, 0, 0, 1).value();
  const char* what = c_.loss.head == Head::probability ? "a probability of being real of "
                     : c_.loss.head == Head::logit     ? "logit "
                                                       : "a score of ";
  std::ostringstream verdict;
  for (const Real number : session_.verdict(first).numbers()) verdict << (verdict.tellp() ? ", " : "") << number;
  out_ << "untrained      the discriminator gives the generator's first picture " << what << verdict.str() << "\n\n";
}

void RunOutput::pretraining(Index step, const StepResult& r) {
  out_ << formatted(">%ld real=%.0f%% fake=%.0f%%\n", long(step), 100 * r.accuracy_on_real, 100 * r.accuracy_on_fake);
  if (step == c_.pretrain.steps) out_ << '\n';
}

void RunOutput::step(const StepResult& r) {
  const Index done = session_.steps_done(), epoch = session_.epoch_of(done - 1);
  std::ostringstream line, time;
  line << done << ',' << epoch + 1 << std::setprecision(9);  // nine digits tell any two floats apart
  for (const Column& column : columns(c_, r)) line << ',' << column.value;
  time << done << ',' << std::setprecision(9) << seconds_now() - start_;
  metrics_.append(line.str());
  timing_.append(time.str());
  if (!std::isfinite(r.discriminator_loss + r.generator_loss) && !std::exchange(diverged_, true))
    progress_.message("*** step " + std::to_string(done) + ": a loss is no number any more, and what follows means " +
                      "nothing; --set training.detect_anomalies=true shows where it begins ***");
  if (c_.output.lines != Lines::progress) return print_line(r);
  const Index first = session_.first_step(epoch), end = std::min(session_.first_step(epoch + 1), session_.steps());
  const bool probabilities = c_.loss.believes_in_probabilities();
  progress_.report({.epoch = epoch + 1,
                    .epochs = session_.epochs(),
                    .epoch_step = done - first,
                    .epoch_steps = end - first,
                    .step = done,
                    .steps = session_.steps(),
                    .pictures = session_.pictures_seen(),
                    .values = {{"d", r.discriminator_loss},
                               {"g", r.generator_loss},
                               {probabilities ? "D(x)" : "score(x)", r.d_of_x},
                               {probabilities ? "D(G(z))" : "score(G(z))", r.d_of_g_of_z}}});
}

void RunOutput::print_line(const StepResult& r) {
  const Index done = session_.steps_done(), epoch = session_.epoch_of(done - 1), first = session_.first_step(epoch);
  if (done != 1 && done % c_.output.every_steps != 0) return;
  if (c_.output.lines == Lines::loss_a_and_b) {
    out_ << formatted("Step %ld: Loss A: %f, Loss B: %f", long(done), r.generator_loss, r.discriminator_loss);
  } else {
    out_ << formatted(">%ld, %ld/%ld, ", long(epoch + 1), long(done - first),
                      long(session_.first_step(epoch + 1) - first));
    if (c_.game.discriminator_step == DiscriminatorStep::separate)
      out_ << formatted("d1=%.3f, d2=%.3f g=%.3f", r.loss_on_real, r.loss_on_fake, r.generator_loss);
    else
      out_ << formatted("d=%.3f, g=%.3f", r.discriminator_loss, r.generator_loss);
  }
  out_ << '\n' << std::flush;
}

void RunOutput::end_of_epoch(Index epoch, bool last) {
  const Output& o = c_.output;
  if (o.samples.epochs.holds(epoch) || last) {
    save_grid(run_.sample(epoch), session_.samples(o.samples.rows * o.samples.columns), layout());
    if (c_.codes.head) save_tour_of_codes(epoch);
  }
  if (o.accuracy.epochs.holds(epoch)) {
    const Accuracy a = session_.accuracy(o.accuracy.pictures, epoch);
    progress_.message(formatted(">Accuracy real: %.0f%%, fake: %.0f%%", 100 * a.on_real, 100 * a.on_fake));
  }
  if (o.generators.holds(epoch))
    session_.with_average([&] { save_network(run_.generator(epoch), c_.resolved["generator"], *c_.generator); });
}

void RunOutput::save_tour_of_codes(Index epoch) {
  constexpr Index variants = 3;
  const auto columns = static_cast<int>(std::max<Index>(c_.codes.categorical, 10));
  Batch z{c_.codes.tour(session_.sample_latents(variants).x, columns)};
  if (c_.conditional()) z.labels = Tensor({z.count()}, 0);  // all of one class: only the codes differ
  const Tensor pictures = session_.draw(z);
  const auto rows = static_cast<int>(c_.codes.tour_rows(variants));
  save_grid(run_.codes_sample(epoch), pictures, {.rows = rows, .columns = columns, .scale = layout().scale});
}

void RunOutput::finish() {
  progress_.finish();
  metrics_.close();
  timing_.close();
  session_.with_average([&] { save_network(run_.generator(), c_.resolved["generator"], *c_.generator); });
  save_network(run_.discriminator(), c_.resolved["discriminator"], *c_.discriminator);
  if (c_.codes.head) save_network(run_.code_head(), c_.resolved["codes"]["head"], *c_.codes.head);
}

GridLayout RunOutput::layout() const {
  const Samples& s = c_.output.samples;
  return {.rows = s.rows, .columns = s.columns, .scale = s.scale, .cells = s.cells};
}

void RunOutput::save_grid(const std::string& path, const Tensor& pictures, const GridLayout& layout) const {
  const bool colour = pictures.shape()[1] == 3;  // its own, whatever the palette of grey ones
  const Palette palette = colour ? Palette::grey : c_.output.samples.colours;
  const double black = c_.data.scale == Scale::zero_to_one ? 0 : -1;
  write_png(path, grid(pictures, black, 1, layout, palette));
}

// What somebody needs to use the weights without the configuration goes with them.
void RunOutput::save_network(const std::string& path, const Json& layers, Sequential& network) {
  Checkpoint checkpoint{{{"format", "pt"},
                         {"tapestry", version},
                         {"latent", c_.resolved["latent"].dump()},
                         {"scale", c_.resolved["data"]["scale"].dump()},
                         {"model", layers.dump()}},
                        named_tensors(network.parameters(), network.buffers())};
  if (c_.codes.head) checkpoint.metadata["codes"] = c_.resolved["codes"].dump();
  write_safetensors(path, checkpoint);
}

}  // namespace tapestry
