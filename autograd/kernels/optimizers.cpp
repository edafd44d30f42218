#include "autograd/kernels/optimizers.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/sums.hpp"

namespace tapestry::kernels {

namespace {

constexpr Index block = 4096;

// body(i) for 0 <= i < size. Blocks are cut by size, never by the number of threads, so that a number is always worked
// out by the same instructions: a vectorised loop and its scalar rest may round differently.
template <class Body>
void for_each_place(Index size, Body body) {
  parallel_for_blocks(size, block, 1, [=](Index begin, Index end) {
#pragma omp simd
    for (Index i = begin; i < end; ++i) body(i);
  });
}

}  // namespace

void adam(Tensor& w, const Tensor& g, Tensor& m, Tensor& v, double beta1, double beta2, Real step_size, Real root_scale,
          Real epsilon, Real keep) {
  const Real b1 = beta1, b2 = beta2, rest1 = 1 - beta1, rest2 = 1 - beta2;
  const Real* const gp = g.data();
  Real *const wp = w.writable(), *const mp = m.writable(), *const vp = v.writable();
  for_each_place(w.size(), [=](Index i) {
    mp[i] = b1 * mp[i] + rest1 * gp[i];
    vp[i] = b2 * vp[i] + rest2 * gp[i] * gp[i];
    wp[i] = keep * wp[i] - step_size * mp[i] / (root_scale * std::sqrt(vp[i]) + epsilon);
  });
}

void momentum(Tensor& w, const Tensor& g, Tensor& velocity, Real momentum, Real learning_rate) {
  const Real* const gp = g.data();
  Real *const wp = w.writable(), *const vp = velocity.writable();
  for_each_place(w.size(), [=](Index i) {
    vp[i] = momentum * vp[i] + gp[i];
    wp[i] -= learning_rate * vp[i];
  });
}

void rmsprop(Tensor& w, const Tensor& g, Tensor& square, Tensor& mean, Tensor& velocity, const RmsProp& options) {
  const RmsProp o = options;  // a copy, for the loops to keep in registers
  const Real keep = o.rho, rest = 1 - o.rho;
  const Real* const gp = g.data();
  Real *const wp = w.writable(), *const sp = square.writable(), *const vp = velocity.writable();
  const auto move = [=](Index i, Real variance) {
    vp[i] = o.momentum * vp[i] + o.rate_inside * gp[i] / (std::sqrt(variance + o.epsilon_inside) + o.epsilon_outside);
    wp[i] -= o.rate_outside * vp[i];
  };
  if (mean.empty()) {
    for_each_place(w.size(), [=](Index i) {
      sp[i] = keep * sp[i] + rest * gp[i] * gp[i];
      move(i, sp[i]);
    });
  } else {
    Real* const mp = mean.writable();
    for_each_place(w.size(), [=](Index i) {
      sp[i] = keep * sp[i] + rest * gp[i] * gp[i];
      mp[i] = keep * mp[i] + rest * gp[i];
      move(i, std::max(sp[i] - mp[i] * mp[i], Real(0)));  // rounding can bring it below 0
    });
  }
}

double sum_of_squares(const Tensor& x) {
  const Real* const p = x.data();
  std::vector<double> sums((x.size() + block - 1) / block);
  parallel_for_blocks(x.size(), block, 0.5, [&](Index begin, Index end) {
    double lane[side_by_side] = {};
    const auto add = [&](Index i, Index n) {
      const double number = p[i];
      lane[n] += number * number;
    };
    Index i = begin;
    for (; i + side_by_side <= end; i += side_by_side)
      for (Index n = 0; n < side_by_side; ++n) add(i + n, n);
    for (Index n = 0; i < end; ++i, ++n) add(i, n);
    sums[begin / block] = std::accumulate(lane, lane + side_by_side, 0.0);
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace tapestry::kernels
