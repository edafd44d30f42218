// Optimizer: turns gradients into new parameters. What all optimisers share: whose gradients they take, how large their
// steps are, and how large a gradient may be.
#pragma once
#include <limits>

#include "autograd/parameter.hpp"
#include "optim/schedules.hpp"

namespace tapestry {

// The pace of a group of parameters: factors, 0 or more, of what the optimiser does elsewhere.
struct Pace {
  double learning_rate = 1;
  double weight_decay = 1;  // where the optimiser has it
};

// Gradients are cut to these before a step (gradients.hpp), first each number, then the norm of all.
struct Clipping {
  static constexpr double none = std::numeric_limits<double>::infinity();
  double value = none;
  double norm = none;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One update of all parameters that have a gradient. Refused, before anything changes: gradients of others, of frozen
  // ones, and of another shape.
  void step(Gradients gradients);
  long steps() const { return steps_; }  // so far

  double learning_rate() const { return schedule_(steps_); }  // of the next step
  void set_learning_rate(double rate) { schedule_ = schedules::constant(rate); }
  void set_learning_rate(Schedule schedule) { schedule_ = std::move(schedule); }  // each step asks it anew

  // The first layer learns at a tenth of the others' rate: set_pace(network[0].parameters(), {.learning_rate = 0.1})
  void set_pace(const Parameters& group, Pace pace);
  void set_clipping(Clipping clipping);

 protected:
  // The parameters that it trains; `name` for its errors.
  Optimizer(const char* name, Parameters parameters, double learning_rate);

  struct Step {
    std::size_t place;     // of the parameter in the list
    long t;                // 1, 2, ...: the number of this step
    double learning_rate;  // for this parameter
    double decay_factor;   // its pace of weight decay
  };
  virtual void update(Parameter& parameter, const Tensor& gradient, const Step& step) = 0;
  const Parameters& parameters() const { return parameters_; }
  Tensors zeros() const;  // a tensor for each parameter

 private:
  std::size_t place_of(const Parameter* parameter) const;  // in the list; its length if it is not there
  Gradients clipped(Gradients gradients) const;

  const char* name_;
  Parameters parameters_;
  std::vector<Pace> paces_;  // of each parameter
  Schedule schedule_;
  Clipping clipping_;
  long steps_ = 0;
};

}  // namespace tapestry
