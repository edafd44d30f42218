// The machine under the kernels.
#pragma once
#include <string>

namespace tapestry {

// How many threads kernels use from now on; 0: as many as the machine has. Returns how many. Results do not depend on
// it.
int use_threads(int count);

std::string eigen_version();  // 3.4.0

}  // namespace tapestry
