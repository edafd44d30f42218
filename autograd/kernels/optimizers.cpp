#include "autograd/kernels/optimizers.hpp"

#include <cmath>

#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {

namespace {

// body(i) for 0 <= i < size. Blocks are cut by size, never by the number of threads, so that a number is always worked
// out by the same instructions: a vectorised loop and its scalar rest may round differently.
template <class Body>
void for_each_place(Index size, Body body) {
  constexpr Index block = 4096;
  parallel_for_blocks(size, block, 1, [=](Index begin, Index end) {
#pragma omp simd
    for (Index i = begin; i < end; ++i) body(i);
  });
}

}  // namespace

void adam(Tensor& w, const Tensor& g, Tensor& m, Tensor& v, double beta1, double beta2, Real step_size, Real root_scale,
          Real epsilon) {
  const Real b1 = beta1, b2 = beta2, rest1 = 1 - beta1, rest2 = 1 - beta2;
  const Real* const gp = g.data();
  Real *const wp = w.writable(), *const mp = m.writable(), *const vp = v.writable();
  for_each_place(w.size(), [=](Index i) {
    mp[i] = b1 * mp[i] + rest1 * gp[i];
    vp[i] = b2 * vp[i] + rest2 * gp[i] * gp[i];
    wp[i] -= step_size * mp[i] / (root_scale * std::sqrt(vp[i]) + epsilon);
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

}  // namespace tapestry::kernels
