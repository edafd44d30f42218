#include "autograd/shape.hpp"

#include <algorithm>
#include <limits>
#include <ostream>

#include "autograd/error.hpp"

namespace tapestry {

Shape::Shape(std::initializer_list<Index> lengths) : Shape(lengths.begin(), lengths.end()) {}

void Shape::append(Index length) {
  if (length < 1 || length > std::numeric_limits<int>::max())
    fail("Shape: got an axis of length ", length, "; expected 1 to ", std::numeric_limits<int>::max());
  if (rank_ == max_rank) fail("Shape: got more than ", max_rank, " axes; expected at most ", max_rank, "; merge some");
  lengths_[rank_++] = static_cast<int>(length);
  Index size = 1;
  for (int n : *this)
    if (__builtin_mul_overflow(size, n, &size)) fail("Shape: ", *this, " has more numbers than an index can count");
}

Index Shape::size() const {
  Index size = 1;
  for (int n : *this) size *= n;
  return size;
}

int Shape::axis(const char* op, int number) const {
  if (rank_ == 0) fail(op, ": got axis ", number, " for a single number; expected a tensor with axes");
  if (number < -rank_ || number >= rank_)
    fail(op, ": got axis ", number, " for shape ", *this, "; expected ", -rank_, " to ", rank_ - 1);
  return number < 0 ? number + rank_ : number;
}

Shape Shape::with(int axis, Index length) const {
  Shape changed = *this;
  changed.lengths_[axis < 0 ? axis + rank_ : axis] = static_cast<int>(length);
  return changed;
}

std::string Shape::text() const {
  std::string text = "(";
  for (int axis = 0; axis < rank_; ++axis) text += (axis ? ", " : "") + std::to_string(lengths_[axis]);
  return text + ")";
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.text(); }

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) {
    const int i = axis - (rank - a.rank()), j = axis - (rank - b.rank());
    const Index m = i < 0 ? 1 : a[i], n = j < 0 ? 1 : b[j];
    if (m != n && m != 1 && n != 1)
      fail(op, ": got shapes ", a, " and ", b, "; expected equal lengths, or 1, on each axis, counted from the last; ",
           "reshape() one of them");
    shape.append(std::max(m, n));
  }
  return shape;
}

}  // namespace tapestry
