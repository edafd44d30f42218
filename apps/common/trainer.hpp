// What all trainers do: read a configuration, say what will happen, train, and leave a run folder behind.
#pragma once

#include "apps/common/run_output.hpp"

namespace tapestry {

struct TrainerProgram {
  std::string name;         // mnist_dcgan
  std::string description;  // for --help
  Trainer trainer;          // on which data
};

// The whole program: what main() returns, with every error written to standard error in one line. Returns an ExitCode,
// or ends by the signal that interrupted it.
int run_trainer(int argc, char* const* argv, const TrainerProgram& program);

// Its parts, for programs that train more than once.
Dataset load_data(const Configuration& c);        // Error when the data are wrong or missing
bool train(Session& session, RunOutput& output);  // to the end, or until a signal comes; did it come to the end?

}  // namespace tapestry
