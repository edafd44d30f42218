#include "layers/sequential.hpp"

#include <algorithm>

#include "autograd/error.hpp"
#include "autograd/scope.hpp"
#include "autograd/values_stay.hpp"

namespace tapestry {

Layer& Sequential::add(LayerPtr layer) {
  const std::string number = std::to_string(size()) + ".";
  for (Parameter* p : layer->parameters()) p->rename(number + p->name());
  for (Buffer* b : layer->buffers()) b->rename(number + b->name());
  return *layers_.emplace_back(std::move(layer));
}

Var Sequential::run(const Pass& pass, Var x, std::size_t begin, std::size_t end) {
  const Scope network(name_);
  for (std::size_t i = begin; i < end; ++i) {
    Layer& layer = *layers_[i];
    const Layer* const next = i + 1 < end && !ValuesStay::wanted() ? layers_[i + 1].get() : nullptr;
    if (next && next->slope() && layer.rectifies()) {
      const Scope both(std::to_string(i), layer.kind() + " and " + next->kind());
      x = layer.rectified(pass.inside(i++), std::move(x), *next->slope());
    } else {
      const Scope one(std::to_string(i), layer.kind());
      x = layer(pass.inside(i), std::move(x));
    }
  }
  return x;
}

Var Sequential::operator()(const Pass& pass, Var x) { return run(pass, std::move(x), 0, size()); }

Shape Sequential::output_shape(const Shape& input) const {
  Shape shape = input;
  for (std::size_t i = 0; i < size(); ++i) {
    try {
      shape = layers_[i]->output_shape(shape);
    } catch (const Error& error) {
      fail("layer ", i, ", ", error.what());  // the layer says what is wrong, but not which one it is
    }
  }
  return shape;
}

double Sequential::multiply_adds(const Shape& input) const {
  double sum = 0;
  Shape shape = input;
  for (const LayerPtr& layer : layers_) {
    sum += layer->multiply_adds(shape);
    shape = layer->output_shape(shape);
  }
  return sum;
}

int Sequential::classes() const {
  int most = 0;
  for (const LayerPtr& layer : layers_) most = std::max(most, layer->classes());
  return most;
}

Parameters Sequential::parameters() {
  Parameters all;
  for (const LayerPtr& layer : layers_)
    for (Parameter* p : layer->parameters()) all.push_back(p);
  return all;
}

Buffers Sequential::buffers() {
  Buffers all;
  for (const LayerPtr& layer : layers_)
    for (Buffer* b : layer->buffers()) all.push_back(b);
  return all;
}

}  // namespace tapestry
