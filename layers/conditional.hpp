// Conditional layers: they read the labels of the pass, so that a network draws, or judges, pictures of one class.
#pragma once
#include "layers/initializers.hpp"
#include "layers/layer.hpp"

namespace tapestry {

// The table of a conditional layer: a row of learned numbers for each class. Labels are an error if the pass has none,
// or other than one for each sample, each a whole number 0 ... classes - 1.
class ClassTable {
 public:
  ClassTable(const char* layer, int classes, Parameter& rows) : layer_(layer), classes_(classes), rows_(rows) {}
  Var operator()(const Pass& pass, Index samples) const;  // (N, size): the row of each sample's class
  int classes() const { return classes_; }

 private:
  const char* layer_;
  int classes_;
  Parameter& rows_;
};

// (N, F) -> (N, F + size): behind the numbers of each sample stands an embedding of its class, weight (classes, size).
// Mirza and Osindero, "Conditional generative adversarial nets", 2014.
class ClassEmbedding : public Layer {
 public:
  ClassEmbedding(const Shape& input, int classes, Index size, Random random);
  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "class_embedding"; }
  int classes() const override { return table_.classes(); }

 private:
  ClassTable table_;
  Index size_;
};

// (N, C, H, W) -> (N, C + 1, H, W): one more channel, a learned picture of each class, weight (classes, H W).
class ClassChannel : public Layer {
 public:
  ClassChannel(const Shape& input, int classes, Random random);
  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "class_channel"; }
  int classes() const override { return table_.classes(); }

 private:
  ClassTable table_;
  Index height_, width_;
};

// (N, F) -> (N, 1): y[n] = weight . x[n] + bias + class_weight[label n] . x[n]: how real, plus how well it fits its
// class. weight (1, F), bias (1), class_weight (classes, F). Miyato and Koyama, "cGANs with projection discriminator",
// 2018.
class Projection : public Layer {
 public:
  Projection(const Shape& input, int classes, Random random);
  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "projection"; }
  double multiply_adds(const Shape& input) const override { return 2.0 * static_cast<double>(input.size()); }
  int classes() const override { return table_.classes(); }

 private:
  Parameter &weight_, &bias_;
  ClassTable table_;
};

}  // namespace tapestry
