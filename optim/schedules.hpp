// Schedules: the learning rate as a function of how many steps have been taken.
//
//   optimizer.set_learning_rate(schedules::warm_up(500, schedules::cosine(2e-4, 0, 20'000)));
#pragma once
#include <functional>

namespace tapestry {

using Schedule = std::function<double(long steps)>;  // steps = 0, 1, 2, ...: those already taken

namespace schedules {

// Rates are 0 or more, counts of steps 1 or more. After `steps` steps the rate stays what it is then.
Schedule constant(double rate);
Schedule linear(double from, double to, long steps);  // a straight line
// Half a cosine, slow at both ends: to + (from - to) (1 + cos(pi t / steps)) / 2. Loshchilov and Hutter, "SGDR:
// stochastic gradient descent with warm restarts", 2017, without the restarts.
Schedule cosine(double from, double to, long steps);
Schedule steps(double from, double factor, long every);  // stairs: times `factor` (above 0) after `every` steps
// The same schedule times 1/steps, 2/steps, ..., 1 in its first steps: running averages are unreliable at first. Goyal
// et al., "Accurate, large minibatch SGD", 2017.
Schedule warm_up(long steps, Schedule then);

}  // namespace schedules
}  // namespace tapestry
