// Batches: which pictures make up which training step. The answer depends on the key and the number of the step only,
// so that a resumed run goes on exactly where it stopped.
#pragma once
#include <optional>
#include <vector>

#include "autograd/random.hpp"
#include "datasets/dataset.hpp"
#include "datasets/scale.hpp"

namespace tapestry {

// With replacement, each picture of a batch is drawn from all of them; an epoch is then as many whole batches as the
// data set has, and at least one. Shuffled, each epoch goes once through all pictures in an order of its own, and the
// policy says what becomes of the rest that does not fill a batch: it is kept as a shorter batch, dropped, or filled
// with the first pictures of the next order, so that one order runs on into the next.
enum class BatchPolicy { with_replacement, shuffled_keep, shuffled_drop, shuffled_fill };

class Batches {
 public:
  // Error when a number is below 1, or when no batch of this size can be had without replacement (keep, drop).
  Batches(Index count, Index batch_size, BatchPolicy policy, Random random);

  // The numbers of the pictures, each in [0, count), for step 0, 1, 2, ... in any order; steps in their order are
  // quickest, since the order of an epoch is kept until another one is asked for.
  std::vector<Index> indices(Index step);

  // Steps first_step(e) to first_step(e + 1) - 1 belong to epoch e. With shuffled_fill the epoch of a step is that of
  // its first picture, so that epochs differ by a step where the batch size does not divide the count.
  Index first_step(Index epoch) const;
  Index epoch_of(Index step) const;

 private:
  Index picture_at(Index epoch, Index place);

  Index count_, batch_size_;
  BatchPolicy policy_;
  Random random_;
  Index ordered_epoch_ = -1;  // the epoch that order_ belongs to
  std::vector<Index> order_;
};

// The pictures of these numbers, (N, C, H, W), in the given scale. With `flips`, a key of its own for each step, about
// half of them are mirrored, left to right: which ones depends on the key and their places in the batch.
Tensor gather(const Dataset& dataset, const std::vector<Index>& indices, Scale scale,
              const std::optional<Random>& flips = std::nullopt);

// The labels of these numbers. Error when the data set has none.
std::vector<int> labels_of(const Dataset& dataset, const std::vector<Index>& indices);

}  // namespace tapestry
