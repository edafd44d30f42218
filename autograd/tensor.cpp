#include "autograd/tensor.hpp"

#include <algorithm>
#include <atomic>
#include <iomanip>
#include <ostream>

#include "autograd/error.hpp"
#include "autograd/memory.hpp"
#include "autograd/statistics.hpp"

namespace tapestry {
namespace {

std::uint64_t new_edition() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

Tensor Tensor::uninitialized(Shape shape) {
  const std::size_t bytes = shape.size() * sizeof(Real);
  Tensor t;
  t.shape_ = shape;
  t.numbers_ = std::shared_ptr<Real[]>(static_cast<Real*>(memory::allocate(bytes)),
                                       [bytes](Real* block) { memory::release(block, bytes); });
  t.edition_ = new_edition();
  return t;
}

Tensor::Tensor(Shape shape, Real fill) : Tensor(uninitialized(shape)) { std::fill_n(numbers_.get(), size(), fill); }

Tensor::Tensor(Shape shape, const std::vector<Real>& numbers) : Tensor(uninitialized(shape)) {
  if (static_cast<Index>(numbers.size()) != size())
    fail("Tensor: got ", numbers.size(), " numbers for shape ", shape, "; expected ", size());
  std::copy(numbers.begin(), numbers.end(), numbers_.get());
}

Real Tensor::item() const {
  if (empty() || size() != 1)
    fail("item: got a tensor of shape ", shape_, "; expected one number; take its sum() or mean()");
  return numbers_[0];
}

Tensor Tensor::reshaped(Shape shape) const {
  if (shape.size() != size())
    fail("reshape: got ", shape_, ", which has ", size(), " numbers; ", shape, " has ", shape.size());
  Tensor t = *this;
  t.shape_ = shape;
  return t;
}

Tensor Tensor::take() {
  Tensor t = *this;
  numbers_.reset();
  return t;
}

Tensor Tensor::recycle() { return numbers_.use_count() == 1 ? take() : uninitialized(shape_); }

Real* Tensor::writable() {
  if (numbers_.use_count() > 1) {
    const Tensor shared = *this;
    *this = uninitialized(shape_);
    std::copy_n(shared.data(), size(), numbers_.get());
  }
  edition_ = new_edition();
  return numbers_.get();
}

namespace {

constexpr Index edge = 3;  // an axis longer than 2 * edge shows this many entries at either end

// All numbers that will be shown, so that they can share one width.
template <class F>
void for_each_shown(Index length, F f) {
  for (Index i = 0; i < length; ++i)
    if (length <= 2 * edge || i < edge || i >= length - edge) f(i);
}

void widest(const Tensor& t, int axis, Index offset, std::size_t& width) {
  if (axis == t.shape().rank()) {
    width = std::max(width, short_number(t[offset]).size());
    return;
  }
  for_each_shown(t.shape()[axis], [&](Index i) { widest(t, axis + 1, offset * t.shape()[axis] + i, width); });
}

void print(std::ostream& out, const Tensor& t, int axis, Index offset, std::size_t width) {
  if (axis == t.shape().rank()) {
    out << std::setw(static_cast<int>(width)) << short_number(t[offset]);
    return;
  }
  const Index length = t.shape()[axis];
  const bool rows = axis + 1 < t.shape().rank();  // rows go below one another, numbers side by side
  const std::string gap = rows ? "\n" + std::string(axis + 1, ' ') : " ";
  out << '[';
  for_each_shown(length, [&](Index i) {
    if (i > 0) out << gap;
    if (length > 2 * edge && i == length - edge) out << "..." << gap;
    print(out, t, axis + 1, offset * length + i, width);
  });
  out << ']';
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (tensor.empty()) return out << "(no numbers)";
  std::size_t width = 0;
  widest(tensor, 0, 0, width);
  print(out, tensor, 0, 0, width);
  return tensor.shape().rank() ? out << "  " << tensor.shape() : out;
}

}  // namespace tapestry
