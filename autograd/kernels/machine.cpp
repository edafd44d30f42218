#include "autograd/machine.hpp"

#include <omp.h>

#include <Eigen/Core>

namespace tapestry {

int use_threads(int count) {
  omp_set_num_threads(count > 0 ? count : omp_get_num_procs());
  return omp_get_max_threads();
}

std::string eigen_version() {
  return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION);
}

}  // namespace tapestry
