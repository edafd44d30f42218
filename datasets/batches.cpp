#include "datasets/batches.hpp"

#include <algorithm>
#include <numeric>

#include "autograd/error.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry {
namespace {

// Fisher and Yates: every order is as likely as the next.
std::vector<Index> permutation(Index count, const Random& random) {
  std::vector<Index> order(count);
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = count - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1, i)]);
  return order;
}

void check(const char* who, const Dataset& dataset, const std::vector<Index>& indices) {
  for (const Index i : indices)
    if (i < 0 || i >= dataset.count())
      fail(who, ": asked for picture ", i, " of ", dataset.name, "; expected 0 to ", dataset.count() - 1);
}

}  // namespace

Batches::Batches(Index count, Index batch_size, BatchPolicy policy, Random random)
    : count_(count), batch_size_(batch_size), policy_(policy), random_(random) {
  if (count < 1) fail("batches: got ", count, " pictures; expected 1 or more");
  if (batch_size < 1) fail("batches: got a batch size of ", batch_size, "; expected 1 or more");
  const bool within_epoch = policy == BatchPolicy::shuffled_keep || policy == BatchPolicy::shuffled_drop;
  if (within_epoch && batch_size > count)
    fail("batches: got a batch size of ", batch_size, " for ", count, " pictures; expected at most ", count,
         " without replacement; take smaller batches, or fill the rest from the next order");
}

std::vector<Index> Batches::indices(Index step) {
  if (step < 0) fail("batches: asked for step ", step, "; expected 0 or more");
  std::vector<Index> batch;
  if (policy_ == BatchPolicy::with_replacement) {
    for (Index i = 0; i < batch_size_; ++i) batch.push_back(random_(step).below(count_, i));
  } else if (policy_ == BatchPolicy::shuffled_fill) {
    for (Index at = step * batch_size_; at < (step + 1) * batch_size_; ++at)
      batch.push_back(picture_at(at / count_, at % count_));
  } else {
    const Index epoch = epoch_of(step);
    const Index begin = (step - first_step(epoch)) * batch_size_;
    const Index end = std::min(begin + batch_size_, count_);
    for (Index place = begin; place < end; ++place) batch.push_back(picture_at(epoch, place));
  }
  return batch;
}

Index Batches::first_step(Index epoch) const {
  switch (policy_) {
    case BatchPolicy::with_replacement:
      return epoch * std::max(count_ / batch_size_, Index{1});
    case BatchPolicy::shuffled_keep:
      return epoch * ((count_ + batch_size_ - 1) / batch_size_);
    case BatchPolicy::shuffled_drop:
      return epoch * (count_ / batch_size_);
    default:
      return (epoch * count_ + batch_size_ - 1) / batch_size_;
  }
}

Index Batches::epoch_of(Index step) const {
  if (policy_ == BatchPolicy::shuffled_fill) return step * batch_size_ / count_;
  return step / first_step(1);
}

Index Batches::picture_at(Index epoch, Index place) {
  if (epoch != ordered_epoch_) order_ = permutation(count_, random_(epoch));
  ordered_epoch_ = epoch;
  return order_[place];
}

Tensor gather(const Dataset& dataset, const std::vector<Index>& indices, Scale scale,
              const std::optional<Random>& flips) {
  check("gather", dataset, indices);
  const Shape& picture = dataset.picture_shape;
  const Index N = static_cast<Index>(indices.size()), size = picture.size(), W = picture[2];
  Tensor batch = Tensor::uninitialized({N, picture[0], picture[1], W});
  Real* const numbers = batch.writable();
  kernels::parallel_for(N, static_cast<double>(N * size) / 4, [&](Index n) {  // about four numbers in a nanosecond
    Real* const to = numbers + n * size;
    to_numbers(dataset.pixels.data() + indices[n] * size, size, scale, to);
    if (flips && flips->word(n, 0) & 1)
      for (Real* row = to; row < to + size; row += W) std::reverse(row, row + W);
  });
  return batch;
}

std::vector<int> labels_of(const Dataset& dataset, const std::vector<Index>& indices) {
  check("labels_of", dataset, indices);
  if (dataset.labels.empty())
    fail("labels_of: got ", dataset.name, ", which has no labels; expected one for each picture; take labelled data");
  std::vector<int> labels;
  for (const Index i : indices) labels.push_back(dataset.labels[i]);
  return labels;
}

}  // namespace tapestry
