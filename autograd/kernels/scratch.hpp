// Scratch: memory that a kernel needs for a moment. It is a local variable, so the last one is given back first.
#pragma once
#include "autograd/memory.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

template <class Number>
class ScratchOf {  // `size` numbers, aligned, unwritten
 public:
  explicit ScratchOf(Index size)
      : bytes_(size * sizeof(Number)), numbers_(static_cast<Number*>(memory::allocate_scratch(bytes_))) {}
  ~ScratchOf() { memory::release_scratch(numbers_, bytes_); }
  ScratchOf(const ScratchOf&) = delete;
  ScratchOf& operator=(const ScratchOf&) = delete;
  operator Number*() const { return numbers_; }

 private:
  std::size_t bytes_;
  Number* numbers_;
};
using Scratch = ScratchOf<Real>;

}  // namespace tapestry::kernels
