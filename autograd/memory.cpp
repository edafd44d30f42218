#include "autograd/memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

namespace tapestry::memory {
namespace {

// Blocks come in classes of size, eight to each doubling, so that a recycled one wastes an eighth at the most.
struct SizeClass {
  std::size_t index, bytes;
};
SizeClass size_class(std::size_t bytes) {
  const std::size_t lines = std::max<std::size_t>((bytes + alignment - 1) / alignment, 1);
  if (lines <= 8) return {lines - 1, lines * alignment};
  const int shift = std::bit_width(lines - 1) - 4;  // lines - 1 has four leading bits: 8 ... 15
  const std::size_t eighths = ((lines - 1) >> shift) + 1;
  return {static_cast<std::size_t>(shift) * 8 + eighths - 1, (eighths << shift) * alignment};
}

struct Pool {
  std::mutex mutex;
  std::array<std::vector<void*>, 8 * 64> free;  // by class
  Usage usage{};
  std::atomic<bool> poisoned = false;
};
Pool& pool() {
  static Pool& pool = *new Pool;  // never destroyed: tensors in static variables may outlive everything else
  return pool;
}

constexpr std::size_t large_page = 2 << 20;

// A few large pages instead of thousands of small ones, where the system has them: kernels walk through large weights
// and pictures in strides, from page to page, and the processor remembers only where a few thousand pages lie.
void* from_system(std::size_t bytes) {
  const bool large = bytes >= large_page;
  void* block = nullptr;
  if (posix_memalign(&block, large ? large_page : alignment, bytes) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (large) madvise(block, bytes, MADV_HUGEPAGE);  // a wish; nothing depends on whether it is granted
#endif
  std::lock_guard lock(pool().mutex);
  ++pool().usage.blocks_from_system;
  return block;
}

// One large page: its lines spread evenly over the sets of a cache, which those of small pages do not.
struct Stack {
  char* const begin = static_cast<char*>(from_system(large_page));
  char *top = begin, *const end = begin + large_page;
  ~Stack() { std::free(begin); }
  bool has(const void* block) const { return begin <= block && block < end; }
};
Stack& stack() {
  thread_local Stack stack;
  return stack;
}
std::size_t whole_lines(std::size_t bytes) {
  return std::max<std::size_t>((bytes + alignment - 1) / alignment, 1) * alignment;
}

void count_live(Usage& usage, std::size_t more) {
  usage.live_bytes += more;
  usage.peak_bytes = std::max(usage.peak_bytes, usage.live_bytes);
}

}  // namespace

void* allocate(std::size_t bytes) {
  const SizeClass wanted = size_class(bytes);
  Pool& p = pool();
  void* block = nullptr;
  {
    std::lock_guard lock(p.mutex);
    count_live(p.usage, wanted.bytes);
    auto& free = p.free[wanted.index];
    if (!free.empty()) {
      block = free.back();
      free.pop_back();
    }
  }
  if (!block) block = from_system(wanted.bytes);
  if (p.poisoned) std::memset(block, 0xff, wanted.bytes);  // all ones is a NaN, in float and in double
  return block;
}

void release(void* block, std::size_t bytes) {
  const SizeClass given = size_class(bytes);
  Pool& p = pool();
  std::lock_guard lock(p.mutex);
  p.usage.live_bytes -= given.bytes;
  if (recycles)
    p.free[given.index].push_back(block);
  else
    std::free(block);
}

void* allocate_scratch(std::size_t bytes) {
  if (!recycles) return allocate(bytes);
  Stack& s = stack();
  bytes = whole_lines(bytes);
  if (bytes > static_cast<std::size_t>(s.end - s.top)) return allocate(bytes);
  void* const block = s.top;
  s.top += bytes;
  Pool& p = pool();
  {
    std::lock_guard lock(p.mutex);
    count_live(p.usage, bytes);
  }
  if (p.poisoned) std::memset(block, 0xff, bytes);
  return block;
}

void release_scratch(void* block, std::size_t bytes) {
  if (!recycles) return release(block, bytes);
  Stack& s = stack();
  bytes = whole_lines(bytes);
  if (!s.has(block)) return release(block, bytes);
  s.top = static_cast<char*>(block);
  std::lock_guard lock(pool().mutex);
  pool().usage.live_bytes -= bytes;
}

Usage usage() {
  std::lock_guard lock(pool().mutex);
  return pool().usage;
}
void reset_peak() {
  std::lock_guard lock(pool().mutex);
  pool().usage.peak_bytes = pool().usage.live_bytes;
}
void poison(bool on) { pool().poisoned = on; }

}  // namespace tapestry::memory
