// Memory for tensors and scratch: blocks come from the system once and are then recycled, so that a training step after
// the first few asks the system for nothing (a fresh page costs ten times what writing to a recycled one costs).
#pragma once
#include <cstddef>

namespace tapestry::memory {

constexpr std::size_t alignment = 64;  // one cache line, and the widest vector

// Under AddressSanitizer blocks go straight back to the system, so that it sees every use after release.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool recycles = false;
#elif defined(__has_feature)
constexpr bool recycles = !__has_feature(address_sanitizer);
#else
constexpr bool recycles = true;
#endif

void* allocate(std::size_t bytes);             // aligned; contents undefined; any thread
void release(void* block, std::size_t bytes);  // bytes as asked for

// The same for scratch, which the thread that took it gives back, last one first: from a stack of the thread's own, so
// that a kernel writes where the one before it wrote, to what is still in the core's own cache.
void* allocate_scratch(std::size_t bytes);
void release_scratch(void* block, std::size_t bytes);

struct Usage {
  std::size_t blocks_from_system;  // how often the system was asked, since the program began
  std::size_t live_bytes;          // handed out now
  std::size_t peak_bytes;          // the most that was ever handed out, since reset_peak()
};
Usage usage();
void reset_peak();

// Tests only: fill every block with NaN when it is handed out, so that a number nobody wrote shows.
void poison(bool on);

}  // namespace tapestry::memory
