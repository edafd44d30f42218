#include "apps/common/trainer.hpp"

#include <iostream>

#include "apps/common/interrupt.hpp"
#include "apps/common/short_waits.hpp"
#include "autograd/machine.hpp"

namespace tapestry {
bool train(Session& session, RunOutput& output) {
  output.before_training();
  session.pretrain([&](Index step, const StepResult& result) {
    output.pretraining(step, result);
    return !interrupted();
  });
  const Index steps = session.steps();
  for (bool ended = interrupted(); !ended;) {
    output.step(session.step());
    const Index done = session.steps_done();
    Index epoch = session.epoch_of(done - 1);
    ended = done == steps || interrupted();
    // A step of several rounds may take it past the ends of several short epochs.
    for (; epoch + 1 < session.epochs() && done == session.first_step(epoch + 2); ++epoch)
      output.end_of_epoch(epoch + 1, false);
    if (done == session.first_step(epoch + 1) || ended) output.end_of_epoch(epoch + 1, ended);
  }
  output.finish();
  return session.steps_done() == steps;
}

Dataset load_data(const Configuration& c) try {
  Dataset dataset = c.data.from.load(c.training.seed);
  if (c.data.count) dataset = part(dataset, 0, *c.data.count);
  if (dataset.picture_shape != c.data.from.picture)
    fail(dataset.name, ": has pictures of shape ", dataset.picture_shape, "; expected ", c.data.from.picture,
         ", (channels, height, width); take another data set");
  return dataset;
} catch (const Error& error) {
  throw DataError(error.what());
}

int run_trainer(int argc, char* const* argv, const TrainerProgram& program) {
  restart_with_short_waits(argv);
  const CommandLine line = parse_command_line(argc, argv, program.name, program.description);
  if (line.exit_code) return *line.exit_code;
  return run_program([&]() -> int {
    Configuration configuration = read_configuration(line, program.trainer);
    const int threads = use_threads(configuration.training.threads);
    const Dataset dataset = load_data(configuration);
    Session session(configuration, dataset);
    introduce(std::cout, configuration, dataset, session, threads);
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
    std::cout << "run folder     " << run.path() << "\n";
    const auto record = [&](RunState state) { run.record(state, session.steps_done(), session.epochs_begun()); };
    try {
      RunOutput output(std::cout, configuration, session, run);
      const bool finished = train(session, output);
      record(finished ? RunState::finished : RunState::interrupted);
      std::cout << (finished ? "finished" : "interrupted") << " after step " << with_commas(session.steps_done())
                << "; the results are in " << run.path() << '\n';
      if (!finished) end_by_signal();
      return exit_done;
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';  // first: the disk that this run died of may be full
      record(RunState::failed);
      return exit_failed;
    }
  });
}

}  // namespace tapestry
