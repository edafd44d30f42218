// Activations: one function of one number, at every place.
#pragma once
#include "autograd/error.hpp"
#include "layers/layer.hpp"

namespace tapestry {

// Whatever comes keeps its shape.
class Activation : public Layer {
 public:
  Shape output_shape(const Shape& input) const override { return input; }
};

// x where x > 0, otherwise slope x. Maas et al., "Rectifier nonlinearities improve neural network acoustic models",
// 2013.
class LeakyRelu : public Activation {
 public:
  explicit LeakyRelu(Real slope) : slope_(slope) {
    if (!(slope >= 0)) fail("leaky_relu: got a slope of ", slope, "; expected 0 or more; 0.2 is usual in a DCGAN");
  }
  Var operator()(const Pass&, Var x) override { return leaky_relu(std::move(x), slope_); }
  std::string kind() const override { return "leaky_relu"; }
  std::optional<Real> slope() const override { return slope_; }

 private:
  Real slope_;
};

// max(x, 0). Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
class Relu : public Activation {
 public:
  Var operator()(const Pass&, Var x) override { return relu(std::move(x)); }
  std::string kind() const override { return "relu"; }
  std::optional<Real> slope() const override { return 0; }
};

// x where x > 0, otherwise exp(x) - 1. Clevert et al., "Fast and accurate deep network learning by exponential linear
// units", 2016.
class Elu : public Activation {
 public:
  Var operator()(const Pass&, Var x) override { return elu(std::move(x)); }
  std::string kind() const override { return "elu"; }
};

// x sigmoid(x), also called swish. Ramachandran et al., "Searching for activation functions", 2017.
class Silu : public Activation {
 public:
  Var operator()(const Pass&, Var x) override { return silu(std::move(x)); }
  std::string kind() const override { return "silu"; }
};

class Tanh : public Activation {
 public:
  Var operator()(const Pass&, Var x) override { return tanh(std::move(x)); }
  std::string kind() const override { return "tanh"; }
};

// 1 / (1 + exp(-x))
class Sigmoid : public Activation {
 public:
  Var operator()(const Pass&, Var x) override { return sigmoid(std::move(x)); }
  std::string kind() const override { return "sigmoid"; }
};

}  // namespace tapestry
