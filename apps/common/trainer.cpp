#include "apps/common/trainer.hpp"

#include <chrono>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <sstream>

#include "apps/common/file.hpp"
#include "apps/common/interrupt.hpp"
#include "apps/common/picture.hpp"
#include "apps/common/progress.hpp"
#include "apps/common/run_folder.hpp"
#include "apps/common/safetensors.hpp"
#include "apps/common/training_step.hpp"
#include "apps/common/version.hpp"
#include "autograd/machine.hpp"
#include "datasets/batches.hpp"
#include "optim/weight_average.hpp"

namespace tapestry {
namespace {

// A line that begins with the number of the step. Nine digits tell any two floats apart.
std::string csv(Index step, std::initializer_list<double> values) {
  std::ostringstream text;
  text << step << std::setprecision(9);
  for (const double value : values) text << ',' << value;
  return text.str();
}

// Every picture and latent of a run follows from the seed and the number of the step.
class Session {
 public:
  Session(Configuration& configuration, const Dataset& dataset, int threads)
      : c_(configuration),
        dataset_(dataset),
        threads_(threads),
        random_(c_.training.seed),
        batches_(dataset.count(), c_.training.batch, c_.training.batches, random_("batches")),
        generator_optimizer_(c_.generator_optimizer(c_.generator->parameters())),
        discriminator_optimizer_(c_.discriminator_optimizer(c_.discriminator->parameters())),
        average_(c_.generator->parameters(), c_.generator->buffers(), c_.training.average),
        play_(*c_.generator, *c_.discriminator, *generator_optimizer_, *discriminator_optimizer_, c_.loss, c_.game) {}

  Index epochs() const { return c_.training.epochs.value_or(steps() ? epoch_of(steps() - 1) + 1 : 0); }
  Index steps() const { return c_.training.steps ? *c_.training.steps : first_step(*c_.training.epochs); }
  Index steps_done() const { return done_; }
  Index epochs_begun() const { return done_ ? epoch_of(done_ - 1) + 1 : 0; }

  void introduce(std::ostream& out) const;
  // Trains to the end, or until a signal comes; returns whether it came to the end.
  bool train(const RunFolder& run, Progress& progress);

 private:
  Index first_step(Index epoch) const {
    if (c_.training.steps_per_epoch) return epoch * *c_.training.steps_per_epoch;
    return (batches_.first_step(epoch) + c_.game.critic_steps - 1) / c_.game.critic_steps;
  }
  Index epoch_of(Index step) const {
    if (c_.training.steps_per_epoch) return step / *c_.training.steps_per_epoch;
    return batches_.epoch_of(step * c_.game.critic_steps);
  }
  Tensor latents(Index count, Random random) const {
    const Shape shape{count, c_.latent.size};
    return c_.latent.distribution == Distribution::normal ? random.normal(shape) : random.uniform(shape, -1, 1);
  }
  StepResult step(Index number);
  void save_grid(const std::string& path, const Tensor& pictures) const;
  void save_preview(const RunFolder& run) const;
  void save_samples(const RunFolder& run, Index epoch);
  void save_weights(const RunFolder& run);

  Configuration& c_;
  const Dataset& dataset_;
  int threads_;
  Random random_;
  Batches batches_;
  std::unique_ptr<Optimizer> generator_optimizer_, discriminator_optimizer_;
  WeightAverage average_;
  TrainingStep play_;
  Index done_ = 0, pictures_ = 0;  // steps, and real pictures that they saw
};

void Session::introduce(std::ostream& out) const {
  const Shape& p = dataset_.picture_shape;
  const Shape latent{1, c_.latent.size}, picture{1, p[0], p[1], p[2]};
  out << "data           " << dataset_.name << ": " << with_commas(dataset_.count()) << " pictures of "
      << per_sample(picture) << ", scaled to " << (c_.data.scale == Scale::zero_to_one ? "[0, 1]" : "[-1, 1]") << '\n';
  for (const std::string& note : dataset_.notes) out << "               " << note << '\n';
  out << '\n'
      << summary("generator", *c_.generator, latent) << '\n'
      << summary("discriminator", *c_.discriminator, picture) << '\n';
  const double work = multiply_adds_of_step(*c_.generator, *c_.discriminator, dataset_.picture_shape, c_.latent.size,
                                            c_.training, c_.game);
  out << "training       " << with_commas(epochs()) << (epochs() == 1 ? " epoch, " : " epochs, ")
      << with_commas(steps()) << (steps() == 1 ? " step" : " steps") << " of " << with_commas(c_.training.batch)
      << " real pictures\n"
      << "work           " << std::fixed << std::setprecision(2) << work * 1e-9 << " billion multiply-adds in a step\n"
      << std::defaultfloat << "threads        " << threads_ << '\n';
}

StepResult Session::step(Index number) {
  const Random random = random_("training")(number);
  std::vector<Round> rounds;
  for (Index i = 0; i < c_.game.critic_steps; ++i) {
    const std::vector<Index> chosen = batches_.indices(number * c_.game.critic_steps + i);
    pictures_ += static_cast<Index>(chosen.size());
    rounds.push_back({gather(dataset_, chosen, c_.data.scale),
                      latents(c_.training.batch, random("latents of the discriminator")(i))});
  }
  const Tensor z_g = c_.game.fakes == Fakes::shared
                         ? rounds.front().latents
                         : latents(c_.training.generator_batch, random("latents of the generator"));
  return play_(rounds, z_g, random, number);
}

bool Session::train(const RunFolder& run, Progress& progress) {
  TextLog metrics(run.metrics()), timing(run.timing());
  metrics.append("step,epoch,loss_on_real,loss_on_fake,discriminator_loss,generator_loss,d_of_x,d_of_g_of_z");
  timing.append("step,seconds");
  save_preview(run);
  const auto start = std::chrono::steady_clock::now();
  const Index steps = this->steps();
  for (bool ended = false; !ended;) {
    const Index epoch = epoch_of(done_), first = first_step(epoch), end = first_step(epoch + 1);
    const StepResult r = step(done_++);
    average_.follow();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    metrics.append(csv(done_, {double(epoch + 1), r.loss_on_real, r.loss_on_fake, r.discriminator_loss,
                               r.generator_loss, r.d_of_x, r.d_of_g_of_z}));
    timing.append(csv(done_, {seconds.count()}));
    progress.report(
        {.epoch = epoch + 1,
         .epochs = epochs(),
         .epoch_step = done_ - first,
         .epoch_steps = std::min(end, steps) - first,
         .step = done_,
         .steps = steps,
         .pictures = pictures_,
         .values = {
             {"d", r.discriminator_loss}, {"g", r.generator_loss}, {"D(x)", r.d_of_x}, {"D(G(z))", r.d_of_g_of_z}}});
    ended = done_ == steps || interrupted();
    const bool chosen_epoch = done_ == end && (epoch + 1) % c_.output.samples.every_epochs == 0;
    if (chosen_epoch || ended) save_samples(run, epoch + 1);
  }
  progress.finish();
  metrics.close();
  timing.close();
  save_weights(run);
  return done_ == steps;
}

void Session::save_grid(const std::string& path, const Tensor& pictures) const {
  const Samples& s = c_.output.samples;
  const double black = c_.data.scale == Scale::zero_to_one ? 0 : -1;
  write_png(path, grid(pictures, black, 1, {.rows = s.rows, .columns = s.columns, .scale = s.scale}));
}

// What the generator is to learn from: the first pictures of the data.
void Session::save_preview(const RunFolder& run) const {
  std::vector<Index> first(std::min<Index>(c_.output.samples.rows * c_.output.samples.columns, dataset_.count()));
  std::iota(first.begin(), first.end(), 0);
  save_grid(run.real_sample(), gather(dataset_, first, c_.data.scale));
}

// From the same latents every time, in evaluation mode, by the average of the generator's weights.
void Session::save_samples(const RunFolder& run, Index epoch) {
  const Tensor z = latents(c_.output.samples.rows * c_.output.samples.columns, random_("samples"));
  average_.swap();
  save_grid(run.sample(epoch), (*c_.generator)(Pass::evaluation(), z).value());
  average_.swap();
}

// What somebody needs to use the weights without the configuration goes with them.
void Session::save_weights(const RunFolder& run) {
  const std::map<std::string, std::string> metadata = {{"format", "pt"},
                                                       {"tapestry", version},
                                                       {"latent", c_.resolved["latent"].dump()},
                                                       {"scale", c_.resolved["data"]["scale"].dump()}};
  auto save = [&](const std::string& path, const char* network, Sequential& model) {
    Checkpoint checkpoint{metadata, named_tensors(model.parameters(), model.buffers())};
    checkpoint.metadata["model"] = c_.resolved[network].dump();
    write_safetensors(path, checkpoint);
  };
  average_.swap();
  save(run.generator(), "generator", *c_.generator);
  average_.swap();
  save(run.discriminator(), "discriminator", *c_.discriminator);
}

int report(const std::exception& error, int code) {
  std::cerr << error.what() << '\n';
  return code;
}

}  // namespace

int run_trainer(int argc, const char* const* argv, const TrainerProgram& program) {
  const CommandLine line = parse_command_line(argc, argv, program.name, program.description);
  if (line.exit_code) return *line.exit_code;
  try {
    Configuration configuration = read_configuration(line, program.trainer);
    const int threads = use_threads(configuration.training.threads);
    Dataset dataset;
    try {
      dataset = configuration.data.from.load(configuration.training.seed);
      if (configuration.data.count) dataset = part(dataset, 0, *configuration.data.count);
      if (dataset.picture_shape != configuration.data.from.picture)
        fail(dataset.name, ": has pictures of shape ", dataset.picture_shape, "; expected ",
             configuration.data.from.picture, ", (channels, height, width); take another data set");
    } catch (const Error& error) {
      return report(error, exit_wrong_data);
    }
    Session session(configuration, dataset, threads);
    session.introduce(std::cout);
    if (line.check) return exit_done;

    install_signal_handlers();
    const RunFolder run({.program = program.name,
                         .command_line = {argv, argv + argc},
                         .steps = session.steps(),
                         .epochs = session.epochs(),
                         .threads = threads,
                         .versions = {{"eigen", eigen_version()}}},
                        line.out.value_or(""), line.overwrite);
    write_file(run.config(), configuration.resolved.dump(2) + "\n");
    std::cout << "run folder     " << run.path() << "\n\n";
    try {
      Progress progress(std::cout, Screen::of(1), {.seconds_per_line = configuration.output.log_every_seconds});
      const bool finished = session.train(run, progress);
      run.record(finished ? RunState::finished : RunState::interrupted, session.steps_done(), session.epochs_begun());
      std::cout << (finished ? "finished" : "interrupted") << " after step " << with_commas(session.steps_done())
                << "; the results are in " << run.path() << '\n';
      if (!finished) end_by_signal();
    } catch (const std::exception& error) {
      report(error, exit_failed);  // first: the disk that this run died of may be full
      run.record(RunState::failed, session.steps_done(), session.epochs_begun());
      return exit_failed;
    }
    return exit_done;
  } catch (const ConfigurationError& error) {
    return report(error, exit_wrong_configuration);
  } catch (const std::exception& error) {
    return report(error, exit_failed);
  }
}

}  // namespace tapestry
