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

// f(0) + ... + f(count - 1) and the same of g, added to eight doubles each, whose sum counts: for many short runs.
constexpr Index side_by_side = 8;
template <class F, class G>
void add_sums(Index count, F f, G g, double* to_f, double* to_g) {
  constexpr Index lanes = 2 * side_by_side;
  Index i = 0;
  for (Index end; i + lanes <= count;) {
    Real of_f[lanes] = {}, of_g[lanes] = {};
    for (end = std::min(count, i + numbers_of_run); i + lanes <= end; i += lanes)
      for (Index lane = 0; lane < lanes; ++lane) of_f[lane] += f(i + lane), of_g[lane] += g(i + lane);
#pragma omp simd
    for (Index lane = 0; lane < side_by_side; ++lane) {
      to_f[lane] += double(of_f[lane]) + double(of_f[lane + side_by_side]);
      to_g[lane] += double(of_g[lane]) + double(of_g[lane + side_by_side]);
    }
  }
  for (Index lane = 0; i < count; ++i, lane = (lane + 1) % side_by_side) to_f[lane] += f(i), to_g[lane] += g(i);
}

}  // namespace tapestry::kernels
