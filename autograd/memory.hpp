// Memory for tensors and scratch: blocks come from the system once and are then recycled, so that a training step after
// the first few asks the system for nothing (a fresh page costs ten times what writing to a recycled one costs).
#pragma once
#include <cstddef>

namespace tapestry::memory {

constexpr std::size_t alignment = 64;  // one cache line, and the widest vector

void* allocate(std::size_t bytes);             // aligned; contents undefined; any thread
void release(void* block, std::size_t bytes);  // bytes as asked for

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
