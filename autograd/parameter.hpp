// What outlives a training step: parameters, which are trained, and buffers, which a layer keeps (running_mean).
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "autograd/error.hpp"
#include "autograd/tensor.hpp"

namespace tapestry {

// A named tensor with a version, so that a tape can tell that it changed after it was recorded.
class Stored {
 public:
  Stored(std::string name, Tensor value) : name_(std::move(name)), value_(std::move(value)) {}
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;

  const std::string& name() const { return name_; }  // as PyTorch's state_dict has it: 3.weight
  void rename(std::string name) { name_ = std::move(name); }
  const Tensor& value() const { return value_; }
  const Shape& shape() const { return value_.shape(); }
  long version() const { return version_; }

  // The one function that changes it: `new_value` gets the old tensor as its sole owner (unless a tape still holds it),
  // so it may write in place, and returns the new one, of the same shape.
  template <class F>
  void update(F new_value) {
    const Shape before = value_.shape();
    value_ = new_value(value_.take());
    ++version_;
    if (value_.shape() != before)
      fail(name_, ": got a new value of shape ", value_.shape(), "; expected ", before, ", the shape it has");
  }
  void assign(Tensor value) {
    update([&](Tensor) { return std::move(value); });
  }

 private:
  std::string name_;
  Tensor value_;
  long version_ = 0;
};

// Frozen, it stays as it is: nobody asks a tape for its gradient (trainable() leaves it out), and an optimiser refuses
// one. Gradients still flow past it.
class Parameter : public Stored {
 public:
  using Stored::Stored;
  bool frozen() const { return frozen_; }
  void freeze(bool frozen = true) { frozen_ = frozen; }

 private:
  bool frozen_ = false;
};
class Buffer : public Stored {
  using Stored::Stored;
};

using Parameters = std::vector<Parameter*>;
using Buffers = std::vector<Buffer*>;
using Gradients = std::vector<std::pair<Parameter*, Tensor>>;

//   freeze(network[0].parameters());  // the first layer keeps its weights
//   optimizer.step(std::move(tape).gradient(loss, trainable(network.parameters())));
inline void freeze(const Parameters& parameters) {
  for (Parameter* p : parameters) p->freeze();
}
inline void unfreeze(const Parameters& parameters) {
  for (Parameter* p : parameters) p->freeze(false);
}
inline Parameters trainable(Parameters parameters) {  // without the frozen ones
  std::erase_if(parameters, [](const Parameter* p) { return p->frozen(); });
  return parameters;
}

}  // namespace tapestry
