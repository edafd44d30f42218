#include "autograd/kernels/peak.hpp"

#include <omp.h>

#include <Eigen/Core>
#include <chrono>
#include <vector>

#include "autograd/tensor.hpp"

namespace tapestry::kernels {
namespace {

using Packet = Eigen::internal::packet_traits<Real>::type;
constexpr int width = Eigen::internal::packet_traits<Real>::size;
constexpr int chains = 12;  // independent sums: enough to hide the latency of each

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Runs `rounds` multiply-adds in each chain. It starts from the result of the last call, so that none can be left out.
Real spin(long rounds, Real start) {
  using namespace Eigen::internal;
  Packet sum[chains], factor = pset1<Packet>(Real(0.999)), addend = pset1<Packet>(Real(0.001));
#pragma GCC unroll 16
  for (int i = 0; i < chains; ++i) sum[i] = pset1<Packet>(start + Real(i));
  for (long round = 0; round < rounds; ++round)
#pragma GCC unroll 16
    for (int i = 0; i < chains; ++i) sum[i] = pmadd(sum[i], factor, addend);
  Packet total = sum[0];
  for (int i = 1; i < chains; ++i) total = padd(total, sum[i]);
  return predux(total);
}

}  // namespace

double measure_peak(double seconds) {
  constexpr long rounds = 20000;
  std::vector<double> rate(omp_get_max_threads());
  std::vector<Real> sink(rate.size());
#pragma omp parallel
  {
    const int thread = omp_get_thread_num();
#pragma omp barrier
    const double start = seconds_now();
    long done = 0;
    double now = start;
    for (; now - start < seconds; now = seconds_now(), done += rounds) sink[thread] = spin(rounds, sink[thread]);
    rate[thread] = 2.0 * width * chains * static_cast<double>(done) / (now - start);
  }
  double total = 0;
  for (double r : rate) total += r;
  return total;
}

}  // namespace tapestry::kernels
