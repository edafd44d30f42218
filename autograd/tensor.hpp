// Tensor: a shape and shared, aligned storage of Real, dense and row-major (C order). No gradients here.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <vector>

#include "autograd/shape.hpp"

namespace tapestry {

#ifdef TAPESTRY_DOUBLE
using Real = double;  // make REAL=double: the build that proves gradients
#else
using Real = float;
#endif

class Tensor {
 public:
  Tensor() = default;  // no numbers at all: empty()
  Tensor(Shape shape, Real fill);
  Tensor(Shape shape, const std::vector<Real>& numbers);  // as many as the shape says, in row-major order
  static Tensor uninitialized(Shape shape);               // for kernels, which write every number

  const Shape& shape() const { return shape_; }
  Index size() const { return shape_.size(); }
  bool empty() const { return !numbers_; }

  const Real* data() const { return numbers_.get(); }
  Real operator[](Index i) const { return numbers_.get()[i]; }  // in row-major order
  Real item() const;                                            // the one number of a tensor of size 1
  std::vector<Real> numbers() const { return {data(), data() + size()}; }

  Tensor reshaped(Shape shape) const;  // the same numbers in the same order, shared
  Tensor take();                       // gives the numbers away; the shape stays behind
  bool shares_storage_with(const Tensor& other) const { return numbers_ && numbers_ == other.numbers_; }

  // Two tensors of one edition hold the same numbers: writable() begins a new one, and none comes twice.
  std::uint64_t edition() const { return edition_; }

  // The one way to write. Only a sole owner writes in place; anybody else gets a copy of its own first, so a tensor
  // never changes under another one. The pointer is good until the tensor is read or handed on; then ask again.
  Real* writable();
  // For a kernel that writes every number of a result of this shape: this storage itself if this is its sole owner,
  // otherwise fresh, unwritten storage. Read data() before.
  Tensor recycle();

 private:
  Shape shape_;
  std::shared_ptr<Real[]> numbers_;
  std::uint64_t edition_ = 0;
};
using Tensors = std::vector<Tensor>;

// Nested rows in brackets, long axes shortened, with the shape: students read these aloud.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace tapestry
