// Scratch: memory that a kernel needs for a moment, recycled like the memory of tensors.
#pragma once
#include "autograd/memory.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

class Scratch {  // `size` numbers, aligned, unwritten
 public:
  explicit Scratch(Index size) : bytes_(size * sizeof(Real)), numbers_(static_cast<Real*>(memory::allocate(bytes_))) {}
  ~Scratch() { memory::release(numbers_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  operator Real*() const { return numbers_; }

 private:
  std::size_t bytes_;
  Real* numbers_;
};

}  // namespace tapestry::kernels
