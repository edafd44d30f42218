// Who looks on while a tape works must find the values. Internal.
#pragma once
#include <atomic>

namespace tapestry {

// While one lives, take() leaves values where they are, and no operation swallows the one before it.
class ValuesStay {
 public:
  ValuesStay() { ++count; }
  ~ValuesStay() { --count; }
  ValuesStay(const ValuesStay&) = delete;
  ValuesStay& operator=(const ValuesStay&) = delete;
  static bool wanted() { return count.load(std::memory_order_relaxed) > 0; }

 private:
  static inline std::atomic<int> count = 0;
};

}  // namespace tapestry
