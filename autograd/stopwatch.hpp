// Stopwatch: what a piece of work spends its time on.
#pragma once
#include <chrono>
#include <map>
#include <string>

namespace tapestry {

// While one lives, all the time of its thread is divided among those who say that they have just finished something:
// each operation by its name, in backward passes too; the tape for its bookkeeping; optimisers. Without one a lap costs
// a look at a pointer.
//
//   Stopwatch watch;
//   optimizer.step(std::move(tape).gradient(loss, parameters));
//   watch.seconds().at("conv2d");
class Stopwatch {
 public:
  Stopwatch() : around_(current) { current = this; }
  ~Stopwatch() { current = around_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  // The time since the last lap, or since the stopwatch was made, went into this.
  static void lap(const char* what) {
    if (current) current->add(what);
  }
  const std::map<std::string, double>& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;

  void add(const char* what) {
    const Clock::time_point now = Clock::now();
    seconds_[what] += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

  static inline thread_local Stopwatch* current = nullptr;

  Stopwatch* around_;
  Clock::time_point last_ = Clock::now();
  std::map<std::string, double> seconds_;
};

}  // namespace tapestry
