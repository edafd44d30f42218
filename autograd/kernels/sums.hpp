// Sums over runs of numbers in memory.
#pragma once
#include <algorithm>

#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// f(0) + f(1) + ... + f(count - 1): sixteen running sums side by side, so that vectors can be used, then these in
// double, after every 1024 numbers: among many equal ones each addition would be rounded the same way.
constexpr Index numbers_of_run = 1024;
template <class F>
double sum_of(Index count, F f) {
  constexpr Index lanes = 16;
  double total = 0;
  if (count < lanes) {  // the same bits, without sixteen sums to clear and add
    for (Index i = 0; i < count; ++i) total += f(i);
    return total;
  }
  for (Index i = 0; i < count;) {
    const Index end = std::min(count, i + numbers_of_run);
    Real sums[lanes] = {};
    for (; i + lanes <= end; i += lanes)
      for (Index lane = 0; lane < lanes; ++lane) sums[lane] += f(i + lane);
    for (Index lane = 0; i < end; ++i, ++lane) sums[lane] += f(i);
    for (Real sum : sums) total += sum;
  }
  return total;
}

// Two sums at a time, of many short runs: sixteen running sums of each go on from run to run, and become doubles once
// 1024 numbers are in them.
class TwoSums {
 public:
  // + f(0) + ... + f(count - 1), and the same of g
  template <class F, class G>
  void add(Index count, F f, G g) {
    if (count < lanes) {
      for (Index i = 0; i < count; ++i) total_f_ += f(i), total_g_ += g(i);
      return;
    }
    for (Index i = 0; i < count;) {
      const Index begin = i, end = std::min(count, i + numbers_of_run);
      Real a[lanes], b[lanes];  // in registers
      for (Index lane = 0; lane < lanes; ++lane) a[lane] = f_[lane], b[lane] = g_[lane];
      for (; i + lanes <= end; i += lanes)
        for (Index lane = 0; lane < lanes; ++lane) a[lane] += f(i + lane), b[lane] += g(i + lane);
      for (Index lane = 0; lane < lanes; ++lane) f_[lane] = a[lane], g_[lane] = b[lane];
      for (Index lane = 0; i < end; ++i, ++lane) f_[lane] += f(i), g_[lane] += g(i);
      running_ += end - begin;
      if (running_ >= numbers_of_run) finish();
    }
  }
  double of_f() {
    finish();
    return total_f_;
  }
  double of_g() {
    finish();
    return total_g_;
  }

 private:
  static constexpr Index lanes = 16;
  alignas(64) Real f_[lanes] = {}, g_[lanes] = {};
  Index running_ = 0;
  double total_f_ = 0, total_g_ = 0;

  void finish() {
    for (Index lane = 0; lane < lanes; ++lane) total_f_ += f_[lane], total_g_ += g_[lane];
    std::fill_n(f_, lanes, Real(0)), std::fill_n(g_, lanes, Real(0));
    running_ = 0;
  }
};

}  // namespace tapestry::kernels
