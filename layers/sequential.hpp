// Sequential: layers one after another, itself a layer.
#pragma once
#include "layers/layer.hpp"

namespace tapestry {

class Sequential : public Layer {
 public:
  // The name, if any, stands in front of the layers' in listings of tapes and in errors: discriminator.3 conv2d.
  explicit Sequential(std::string name = "") : name_(std::move(name)) {}
  void rename(std::string name) { name_ = std::move(name); }

  // Puts a layer at the end. Its parameters and buffers get its number in front of their names, as in PyTorch:
  // 3.weight, and 2.0.weight in a Sequential inside another (so fill the inner one first).
  Layer& add(LayerPtr layer);
  template <class L, class... Arguments>
  L& add(Arguments&&... arguments) {
    return static_cast<L&>(add(std::make_unique<L>(std::forward<Arguments>(arguments)...)));
  }
  std::size_t size() const { return layers_.size(); }
  Layer& operator[](std::size_t i) const { return *layers_.at(i); }

  Var operator()(const Pass& pass, Var x) override;
  // Through layers begin ... end - 1 only, as they run in the whole. Binary cross-entropy is computed from what a
  // sigmoid at the end would have been given (losses.hpp says why).
  Var run(const Pass& pass, Var x, std::size_t begin, std::size_t end);

  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "sequential"; }
  double multiply_adds(const Shape& input) const override;
  int classes() const override;
  Parameters parameters() override;
  Buffers buffers() override;

 private:
  std::string name_;
  std::vector<LayerPtr> layers_;
};

}  // namespace tapestry
