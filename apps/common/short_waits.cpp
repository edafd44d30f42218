#include "apps/common/short_waits.hpp"

#include <unistd.h>

#include <cstdlib>

namespace tapestry {

void restart_with_short_waits(char* const* argv) {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  ::setenv("GOMP_SPINCOUNT", "10000", 1);  // looks: some tenths of a millisecond
  ::execv("/proc/self/exe", argv);
}

}  // namespace tapestry
