// An operation of one's own, with its rule, and a layer that uses it.
#pragma once
#include <cmath>

#include "autograd/ops.hpp"
#include "autograd/rule.hpp"
#include "layers/layer.hpp"

namespace own_parts {

using namespace tapestry;

inline Var softsign(Var x) {  // y = x / (1 + |x|)          dL/dx = g (1 - |y|)^2
  Tensor numbers = x.take();  // from here on ours: written in place, unless somebody else still looks at them
  Real* const n = numbers.writable();
  for (Index i = 0; i < numbers.size(); ++i) n[i] /= 1 + std::abs(n[i]);
  Var y = numbers;
  return apply("softsign", y, {x}, {{reads(y), [](Var g, Var y) { return g * pow(1 - abs(y), 2); }}});
}

// y = gain softsign(x), from -gain to gain, where the gain is learned.
class Softsign : public Layer {
 public:
  explicit Softsign(Real gain) : gain_(parameter("gain", Tensor({1}, gain))) {}

  Var operator()(const Pass& pass, Var x) override { return softsign(std::move(x)) * pass.weight(gain_); }
  Shape output_shape(const Shape& input) const override { return input; }
  std::string kind() const override { return "softsign"; }

 private:
  Parameter& gain_;
};

}  // namespace own_parts
