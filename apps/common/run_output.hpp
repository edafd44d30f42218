// RunOutput: what a run says and writes while it goes on, as "output" in the configuration says.
#pragma once
#include <iosfwd>

#include "apps/common/file.hpp"
#include "apps/common/progress.hpp"
#include "apps/common/run_folder.hpp"
#include "apps/common/session.hpp"

namespace tapestry {

// Data, networks and the length of the run, before anything is done.
void introduce(std::ostream& out, Configuration& c, const Dataset& dataset, const Session& session, int threads);

class RunOutput {
 public:
  RunOutput(std::ostream& out, Configuration& c, Session& session, const RunFolder& run);

  void before_training();  // pictures of the data, and of the untrained generator
  void pretraining(Index step, const StepResult& result);
  void step(const StepResult& result);        // after each one
  void end_of_epoch(Index epoch, bool last);  // counted from 1; the last may have been cut short
  void finish();                              // metrics are complete, and the weights of both networks

 private:
  GridLayout layout() const;  // of grids of samples
  void save_grid(const std::string& path, const Tensor& pictures, const GridLayout& layout) const;
  void save_tour_of_codes(Index epoch);
  void save_network(const std::string& path, const Json& layers, Sequential& network);
  void print_line(const StepResult& result);

  std::ostream& out_;
  Configuration& c_;
  Session& session_;
  const RunFolder& run_;
  Progress progress_;
  TextLog metrics_, timing_;
  double start_;
  bool diverged_ = false;
};

}  // namespace tapestry
