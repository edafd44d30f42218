// Shape: the lengths of a tensor's axes. Plain numbers without heap memory, so that a rule may capture one.
#pragma once
#include <array>
#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <string>

namespace tapestry {

using Index = std::ptrdiff_t;

// The letters used everywhere: N pictures in the batch; C, H, W channels, height and width of the input (of the big
// side of a strided convolution); O, P, Q those of the output (the small side); R, S height and width of the kernel;
// F features of a row.
class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;                            // rank 0: one number
  Shape(std::initializer_list<Index> lengths);  // each 1 or more
  template <class Iterator>
  Shape(Iterator begin, Iterator end) {
    for (; begin != end; ++begin) append(*begin);
  }

  int rank() const { return rank_; }
  Index operator[](int axis) const { return lengths_[axis < 0 ? axis + rank_ : axis]; }  // -1 is the last axis
  Index size() const;                                                                    // how many numbers
  const int* begin() const { return lengths_.data(); }
  const int* end() const { return lengths_.data() + rank_; }

  int axis(const char* op, int number) const;  // counted from 0, or back from -1, to from 0; error in the name of `op`
  Shape with(int axis, Index length) const;    // the same, but for one axis
  void append(Index length);
  std::string text() const;  // (64, 1, 28, 28)

  bool operator==(const Shape&) const = default;

 private:
  int rank_ = 0;
  std::array<int, max_rank> lengths_{};
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

// NumPy's rule for two operands: aligned at the last axis, lengths are equal or one of them is 1 (or missing).
// Otherwise an error in the name of `op`.
Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);

}  // namespace tapestry
