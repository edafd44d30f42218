// Layer: what every layer can do.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/ops.hpp"
#include "layers/pass.hpp"

namespace tapestry {

class Layer {
 public:
  virtual ~Layer() = default;
  Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  virtual Var operator()(const Pass& pass, Var x) = 0;

  // For layers with a kernel that can apply the leaky_relu after them: this layer and one of that slope; 1 is none. A
  // Sequential asks for it where a rectifier comes next, so these layers implement it in place of operator().
  virtual bool rectifies() const { return false; }
  virtual Var rectified(const Pass& pass, Var x, Real slope) { return leaky_relu((*this)(pass, std::move(x)), slope); }
  // The slope of a layer that is such a rectifier and nothing else.
  virtual std::optional<Real> slope() const { return {}; }

  // The shape of the output for an input shape, batch axis included, without running anything. An input that does not
  // fit is an error that says what came and what was expected.
  virtual Shape output_shape(const Shape& input) const = 0;

  // The word that a configuration uses for it: conv2d.
  virtual std::string kind() const = 0;

  // Multiplications followed by an addition that a forward pass needs (one gradient needs as many); 0 where they do not
  // matter.
  virtual double multiply_adds(const Shape&) const { return 0; }

  // How many classes the labels of a pass must count for this layer; 0: it needs none.
  virtual int classes() const { return 0; }

  // In the order of declaration.
  virtual Parameters parameters();
  virtual Buffers buffers();

 protected:
  // One line declares, names, shapes and initialises: weight_(parameter("weight", init({out, in})))
  Parameter& parameter(std::string name, Tensor initial) {
    return parameters_.emplace_back(std::move(name), std::move(initial));
  }
  Buffer& buffer(std::string name, Tensor initial) {
    return buffers_.emplace_back(std::move(name), std::move(initial));
  }

 private:
  std::deque<Parameter> parameters_;  // deques: what they hold stays where it is
  std::deque<Buffer> buffers_;
};
using LayerPtr = std::unique_ptr<Layer>;

}  // namespace tapestry
