// How kernels share work among threads. Work is cut by its size, never by the number of threads, and every piece writes
// its own part of the result: so the bits do not depend on how many threads there are.
#pragma once
#include <omp.h>

#include <algorithm>
#include <exception>

#include "autograd/shape.hpp"

namespace tapestry::kernels {

// Work of so many nanoseconds stays on one thread: waking the others takes nearly as long.
constexpr double little_work = 20'000;

// f(i) for i = 0 ... count - 1, each once, in any order, on all threads. `work` is a rough guess of how many
// nanoseconds one thread would need for all of it. An exception must not leave a parallel region (that would end the
// program), so the first one is carried out of it by hand.
template <class F>
void parallel_for(Index count, double work, F f) {
  if (count <= 1 || work < little_work || omp_get_max_threads() == 1 || omp_in_parallel()) {
    for (Index i = 0; i < count; ++i) f(i);
    return;
  }
  std::exception_ptr first;
#pragma omp parallel for schedule(dynamic)
  for (Index i = 0; i < count; ++i) {
    try {
      f(i);
    } catch (...) {
#pragma omp critical(tapestry_parallel_for)
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

// f(begin, end) for consecutive blocks of `block` numbers, each of which takes about `work` nanoseconds.
template <class F>
void parallel_for_blocks(Index count, Index block, double work, F f) {
  parallel_for((count + block - 1) / block, static_cast<double>(count) * work,
               [&](Index b) { f(b * block, std::min(count, (b + 1) * block)); });
}

}  // namespace tapestry::kernels
