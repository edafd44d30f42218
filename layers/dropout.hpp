// Dropout: while training, each number is left out with some probability.
#pragma once
#include "autograd/error.hpp"
#include "layers/layer.hpp"

namespace tapestry {

// Training: y = x mask, where the mask is 0 with probability `rate` and 1 / (1 - rate) otherwise, so that its mean
// is 1. Evaluation: y = x. The mask depends on the key of the pass and on the place of a sample in the global batch
// only. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
class Dropout : public Layer {
 public:
  explicit Dropout(double rate) : rate_(rate) {
    if (!(rate >= 0 && rate < 1))
      fail("dropout: got a rate of ", rate, "; expected 0 or more and less than 1; it is the share that is left out");
  }

  Var operator()(const Pass& pass, Var x) override {
    if (pass.mode == Mode::evaluation || rate_ == 0) return x;
    return dropout(std::move(x), rate_, pass.random, pass.first_sample);
  }
  Shape output_shape(const Shape& input) const override { return input; }
  std::string kind() const override { return "dropout"; }

 private:
  double rate_;
};

}  // namespace tapestry
