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
  Dataset some{whole.name, whole.picture_shape, {}, {}, whole.classes, whole.class_names, whole.notes};
  some.pixels.assign(pixels + first * size, pixels + (first + count) * size);
  if (!whole.labels.empty()) some.labels.assign(labels + first, labels + first + count);
  return some;
}

bool in_training_set(Split split) { return split != Split::test; }

Dataset take(Dataset whole, Split split) {
  constexpr const char* names[] = {"training set", "test set", "validation set", "training set without validation set"};
  whole.name += std::string(", ") + names[static_cast<int>(split)];
  if (split == Split::training || split == Split::test) return whole;
  const Index rest = whole.count() - validation_count;
  if (rest < 1)
    fail(whole.name, ": has ", whole.count(), " pictures; expected more than ", validation_count,
         ", the first of which are for validation; take the whole training set");
  return split == Split::validation ? part(whole, 0, validation_count) : part(whole, validation_count, rest);
}

}  // namespace tapestry
