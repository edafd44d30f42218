// Sums over runs of numbers in memory.
#pragma once
#include <algorithm>

#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// So many running sums side by side, so that vectors can be used; the same number for vectors of any width.
constexpr Index side_by_side = 16;

// f(0) + f(1) + ... + f(count - 1): sixteen running sums side by side, then these in double, after every 1024 numbers:
// among many equal ones each addition would be rounded the same way.
constexpr Index numbers_of_run = 1024;
template <class F>
double sum_of(Index count, F f) {
  double total = 0;
  if (count < side_by_side) {  // the same bits, without sixteen sums to clear and add
    for (Index i = 0; i < count; ++i) total += f(i);
    return total;
  }
  for (Index i = 0; i < count;) {
    const Index end = std::min(count, i + numbers_of_run);
    Real sums[side_by_side] = {};
    for (; i + side_by_side <= end; i += side_by_side)
      for (Index lane = 0; lane < side_by_side; ++lane) sums[lane] += f(i + lane);
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
    if (count < side_by_side) {
      for (Index i = 0; i < count; ++i) total_f_ += f(i), total_g_ += g(i);
      return;
    }
    for (Index i = 0; i < count;) {
      const Index begin = i, end = std::min(count, i + numbers_of_run);
      Real a[side_by_side], b[side_by_side];  // in registers
      for (Index lane = 0; lane < side_by_side; ++lane) a[lane] = f_[lane], b[lane] = g_[lane];
      for (; i + side_by_side <= end; i += side_by_side)
        for (Index lane = 0; lane < side_by_side; ++lane) a[lane] += f(i + lane), b[lane] += g(i + lane);
      for (Index lane = 0; lane < side_by_side; ++lane) f_[lane] = a[lane], g_[lane] = b[lane];
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
  alignas(64) Real f_[side_by_side] = {}, g_[side_by_side] = {};
  Index running_ = 0;
  double total_f_ = 0, total_g_ = 0;

  void finish() {
    for (Index lane = 0; lane < side_by_side; ++lane) total_f_ += f_[lane], total_g_ += g_[lane];
    std::fill_n(f_, side_by_side, Real(0)), std::fill_n(g_, side_by_side, Real(0));
    running_ = 0;
  }
};

}  // namespace tapestry::kernels
