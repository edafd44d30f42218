// Sums over runs of numbers in memory.
#pragma once
#include <utility>

#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// f(0) + f(1) + ... + f(count - 1): sixteen running sums side by side, so that vectors can be used, then these in
// double.
template <class F>
double sum_of(Index count, F f) {
  constexpr Index lanes = 16;
  if (count < lanes) {  // the same bits, without sixteen sums to clear and add
    double total = 0;
    for (Index i = 0; i < count; ++i) total += f(i);
    return total;
  }
  Real sums[lanes] = {};
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    for (Index lane = 0; lane < lanes; ++lane) sums[lane] += f(i + lane);
  for (Index lane = 0; i < count; ++i, ++lane) sums[lane] += f(i);
  double total = 0;
  for (Real sum : sums) total += sum;
  return total;
}

// The sums of f and of g, in one pass (where it is worth it) over what both of them read.
template <class F, class G>
std::pair<double, double> sums_of(Index count, F f, G g) {
  constexpr Index lanes = 16;
  if (count < lanes) return {sum_of(count, f), sum_of(count, g)};
  Real of_f[lanes] = {}, of_g[lanes] = {};
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    for (Index lane = 0; lane < lanes; ++lane) of_f[lane] += f(i + lane), of_g[lane] += g(i + lane);
  for (Index lane = 0; i < count; ++i, ++lane) of_f[lane] += f(i), of_g[lane] += g(i);
  std::pair<double, double> totals;
  for (Real sum : of_f) totals.first += sum;
  for (Real sum : of_g) totals.second += sum;
  return totals;
}

}  // namespace tapestry::kernels
