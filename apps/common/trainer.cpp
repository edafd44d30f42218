#include "apps/common/trainer.hpp"

#include <chrono>
#include <cstdio>
#include <iomanip>
#include <iostream>

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

namespace tapestry {
namespace {

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
        play_(*c_.generator, *c_.discriminator, *generator_optimizer_, *discriminator_optimizer_, c_.loss, c_.game) {}

  Index epochs() const { return c_.training.epochs.value_or(steps() ? epoch_of(steps() - 1) + 1 : 0); }
  Index steps() const { return c_.training.steps ? *c_.training.steps : first_step(*c_.training.epochs); }

  void introduce(std::ostream& out) const;
  // Trains to the end, or until a signal comes; returns whether it came to the end.
  bool train(const RunFolder& run, Progress& progress);

 private:
  Index first_step(Index epoch) const {
    return c_.training.steps_per_epoch ? epoch * *c_.training.steps_per_epoch : batches_.first_step(epoch);
  }
  Index epoch_of(Index step) const {
    return c_.training.steps_per_epoch ? step / *c_.training.steps_per_epoch : batches_.epoch_of(step);
  }
  Tensor latents(Index count, Random random) const {
    const Shape shape{count, c_.latent.size};
    return c_.latent.distribution == Distribution::normal ? random.normal(shape) : random.uniform(shape, -1, 1);
  }
  StepResult step(Index number, Index& pictures);
  void save_samples(const RunFolder& run, Index epoch) const;
  void save_weights(const RunFolder& run) const;

  Configuration& c_;
  const Dataset& dataset_;
  int threads_;
  Random random_;
  Batches batches_;
  std::unique_ptr<Optimizer> generator_optimizer_, discriminator_optimizer_;
  TrainingStep play_;
};

void Session::introduce(std::ostream& out) const {
  const Shape latent{1, c_.latent.size}, picture = c_.generator->output_shape(latent);
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
      << "work           " << std::fixed << std::setprecision(2) << work * 1e-9
      << " billion multiply-adds in a step\n" << std::defaultfloat
      << "threads        " << threads_ << '\n';
}

StepResult Session::step(Index number, Index& pictures) {
  const Random random = random_("training")(number);
  const std::vector<Index> chosen = batches_.indices(number);
  const Tensor real = gather(dataset_, chosen, c_.data.scale);
  const Tensor z_d = latents(c_.training.batch, random("latents of the discriminator"));
  const Tensor z_g = c_.game.fakes == Fakes::shared
                         ? z_d
                         : latents(c_.training.generator_batch, random("latents of the generator"));
  pictures += static_cast<Index>(chosen.size());
  return play_(real, z_d, z_g, random);
}

bool Session::train(const RunFolder& run, Progress& progress) {
  TextLog metrics(run.metrics()), timing(run.timing());
  metrics.append("step,epoch,loss_on_real,loss_on_fake,discriminator_loss,generator_loss,d_of_x,d_of_g_of_z");
  timing.append("step,seconds");
  const auto start = std::chrono::steady_clock::now();
  const Index steps = this->steps();
  Index done = 0, pictures = 0;
  for (; done < steps && !interrupted(); ++done) {
    const Index epoch = epoch_of(done), first = first_step(epoch), last = std::min(first_step(epoch + 1), steps);
    const StepResult r = step(done, pictures);

    char line[256];
    std::snprintf(line, sizeof line, "%td,%td,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g", done + 1, epoch + 1, r.loss_on_real,
                  r.loss_on_fake, r.discriminator_loss, r.generator_loss, r.d_of_x, r.d_of_g_of_z);
    metrics.append(line);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::snprintf(line, sizeof line, "%td,%.6f", done + 1, seconds.count());
    timing.append(line);
    progress.report({.epoch = epoch + 1, .epochs = epochs(), .epoch_step = done + 1 - first, .epoch_steps = last - first,
                     .step = done + 1, .steps = steps, .pictures = pictures,
                     .values = {{"d", r.discriminator_loss}, {"g", r.generator_loss}, {"D(x)", r.d_of_x},
                                {"D(G(z))", r.d_of_g_of_z}}});

    const bool last_of_epoch = done + 1 == first_step(epoch + 1);
    if ((last_of_epoch && (epoch + 1) % c_.output.samples.every_epochs == 0) || done + 1 == steps || interrupted())
      save_samples(run, epoch + 1);
  }
  progress.finish();
  metrics.close();
  timing.close();
  save_weights(run);
  const bool finished = done == steps;
  run.record(finished ? RunState::finished : RunState::interrupted, done, done ? epoch_of(done - 1) + 1 : 0);
  std::cout << (finished ? "finished: " : "interrupted after step " + with_commas(done) + ": ") << run.path() << '\n';
  return finished;
}

// From the same latents every time, in evaluation mode.
void Session::save_samples(const RunFolder& run, Index epoch) const {
  const Samples& s = c_.output.samples;
  const Tensor z = latents(s.rows * s.columns, random_("samples"));
  const Tensor pictures = (*c_.generator)(Pass::evaluation(), z).value();
  const double black = c_.data.scale == Scale::zero_to_one ? 0 : -1;
  write_png(run.sample(epoch), grid(pictures, black, 1, {.rows = s.rows, .columns = s.columns, .scale = s.scale}));
}

// What somebody needs to use the weights without the configuration goes with them.
void Session::save_weights(const RunFolder& run) const {
  const std::map<std::string, std::string> metadata = {
      {"format", "pt"}, {"tapestry", version}, {"latent", c_.resolved["latent"].dump()},
      {"scale", c_.resolved["data"]["scale"].dump()}};
  auto save = [&](const std::string& path, const char* network, Sequential& model) {
    Checkpoint checkpoint{metadata, named_tensors(model.parameters(), model.buffers())};
    checkpoint.metadata["model"] = c_.resolved[network].dump();
    write_safetensors(path, checkpoint);
  };
  save(run.generator(), "generator", *c_.generator);
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
      dataset = program.load(configuration.data, configuration.training.seed);
      if (configuration.data.count) dataset = part(dataset, 0, *configuration.data.count);
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
      if (!session.train(run, progress)) end_by_signal();
    } catch (const std::exception&) {
      run.record(RunState::failed, 0, 0);
      throw;
    }
    return exit_done;
  } catch (const ConfigurationError& error) {
    return report(error, exit_wrong_configuration);
  } catch (const std::exception& error) {
    return report(error, exit_failed);
  }
}

}  // namespace tapestry
