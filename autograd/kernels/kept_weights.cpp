#include "autograd/kernels/kept_weights.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

namespace tapestry::kernels {
namespace {

// An optimiser writes in place. So a weight is known by where it lies, and its next edition takes the place of the
// last.
struct Kept {
  const Real* weights;
  Convolution k;
  Direction direction;
  std::uint64_t edition;  // 0: not written yet
  Tensor numbers;
};

std::mutex mutex;
std::vector<Kept> all;  // what was used last stands at the end

}  // namespace

Tensor kept_weights(const Tensor& w, Convolution k, Direction direction, Index size,
                    const std::function<void(Real*)>& make) {
  if (size > room_for_weights) {
    Tensor made = Tensor::uninitialized({size});
    make(made.writable());
    return made;
  }
  Kept kept{w.data(), k, direction, 0, {}};
  kept.k.N = 0;
  const std::lock_guard lock(mutex);  // to the end: nothing is made twice
  const auto found = std::find_if(all.begin(), all.end(), [&](const Kept& one) {
    return one.weights == kept.weights && one.k == kept.k && one.direction == direction;
  });
  if (found != all.end()) {
    kept = std::move(*found);
    all.erase(found);
  } else {
    Index taken = size;
    for (const Kept& one : all) taken += one.numbers.size();
    while (taken > room_for_weights) {
      taken -= all.front().numbers.size();
      all.erase(all.begin());
    }
    kept.numbers = Tensor::uninitialized({size});
  }
  if (kept.edition != w.edition()) {
    kept.numbers = kept.numbers.recycle();  // somebody may still read the last edition
    make(kept.numbers.writable());
    kept.edition = w.edition();
  }
  all.push_back(kept);
  return kept.numbers;
}

void forget_kept_weights() {
  const std::lock_guard lock(mutex);
  all.clear();
}

}  // namespace tapestry::kernels
