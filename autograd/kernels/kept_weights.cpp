#include "autograd/kernels/kept_weights.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

namespace tapestry::kernels {
namespace {

constexpr Index room = (16 << 20) / sizeof(Real);  // in numbers: four weights of 64-128, 5x5 stride 2, on 14x14/7x7

struct Kept {
  std::uint64_t version;
  Convolution k;
  Direction direction;
  Tensor numbers;
};

}  // namespace

Tensor kept_weights(const Tensor& w, Convolution k, Direction direction, Index size,
                    const std::function<void(Real*)>& make) {
  static std::mutex mutex;
  static std::vector<Kept> kept;  // what was used last stands at the end
  k.N = 0;
  {
    std::lock_guard lock(mutex);
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const Kept& one) {
      return one.version == w.version() && one.k == k && one.direction == direction;
    });
    if (found != kept.end()) {
      std::rotate(found, found + 1, kept.end());
      return kept.back().numbers;
    }
    Index wanted = size;
    for (const Kept& one : kept) wanted += one.numbers.size();
    for (; size <= room && wanted > room; kept.erase(kept.begin())) wanted -= kept.front().numbers.size();
  }
  Tensor made = Tensor::uninitialized({size});
  make(made.writable());
  std::lock_guard lock(mutex);
  if (size <= room) kept.push_back({w.version(), k, direction, made});
  return made;
}

}  // namespace tapestry::kernels
