#include "datasets/dataset.hpp"

#include "autograd/error.hpp"

namespace tapestry {

Dataset part(const Dataset& whole, Index first, Index count) {
  if (first < 0 || count < 1 || count > whole.count() - first)
    fail(whole.name, ": asked for ", count, " pictures from number ", first, " on; it has ", whole.count(),
         ", numbered from 0; ask for fewer");
  const Index size = whole.picture_shape.size();
  const auto pixels = whole.pixels.begin();
  const auto labels = whole.labels.begin();
  Dataset some{whole.name, whole.picture_shape, {}, {}, whole.classes, whole.notes};
  some.pixels.assign(pixels + first * size, pixels + (first + count) * size);
  if (!whole.labels.empty()) some.labels.assign(labels + first, labels + first + count);
  return some;
}

}  // namespace tapestry
