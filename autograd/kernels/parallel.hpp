// How kernels share work among threads. Work is cut by its size, never by the number of threads, and every piece writes
// its own part of the result: so the bits do not depend on how many threads there are.
#pragma once
#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>

#include "autograd/shape.hpp"

namespace tapestry::kernels {

// Work of so many nanoseconds stays on one thread: waking the others takes nearly as long.
constexpr double little_work = 20'000;

// Some of the pieces of work, one after another; whoever takes the next one counts it off.
struct alignas(64) Share {
  std::atomic<Index> next;
  Index end;
};

// f(i) for i = 0 ... count - 1, each once, in any order, on all threads. Each thread begins with a share of its own,
// the same part of the whole in every kernel: so it finds what it wrote before in its own cache. Then it helps the
// others. `work` is a rough guess of how many nanoseconds one thread would need for all of it. An exception must not
// leave a parallel region (that would end the program), so the first one is carried out of it by hand.
template <class F>
void parallel_for(Index count, double work, F f) {
  constexpr int most = 64;  // shares
  if (count <= 1 || work < little_work || omp_get_max_threads() == 1 || omp_in_parallel()) {
    for (Index i = 0; i < count; ++i) f(i);
    return;
  }
  const int threads = std::min(omp_get_max_threads(), most);
  std::array<Share, most> shares;
  for (int t = 0; t < threads; ++t) {
    shares[t].next = count * t / threads;
    shares[t].end = count * (t + 1) / threads;
  }
  std::exception_ptr first;
#pragma omp parallel
  for (int t = 0, own = omp_get_thread_num(); t < threads; ++t) {
    Share& share = shares[(own + t) % threads];
    for (Index i; (i = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;) {
      try {
        f(i);
      } catch (...) {
#pragma omp critical(tapestry_parallel_for)
        if (!first) first = std::current_exception();
      }
    }
  }
  if (first) std::rethrow_exception(first);
}

// f(begin, end) for blocks of `block` consecutive items (numbers, rows, samples), each worth `work` nanoseconds.
template <class F>
void parallel_for_blocks(Index count, Index block, double work, F f) {
  parallel_for((count + block - 1) / block, static_cast<double>(count) * work,
               [&](Index b) { f(b * block, std::min(count, (b + 1) * block)); });
}

}  // namespace tapestry::kernels
