// Scratch: memory that a kernel needs for a moment. It is a local variable, so the last one is given back first.
#pragma once
#include "autograd/memory.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

class Scratch {  // `size` numbers, aligned, unwritten
 public:
  explicit Scratch(Index size)
      : bytes_(size * sizeof(Real)), numbers_(static_cast<Real*>(memory::allocate_scratch(bytes_))) {}
  ~Scratch() { memory::release_scratch(numbers_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  operator Real*() const { return numbers_; }

 private:
  std::size_t bytes_;
  Real* numbers_;
};

}  // namespace tapestry::kernels
