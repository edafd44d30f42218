// A game small enough to be played by hand: the generator is one linear layer that makes pictures of 2 x 2, and the
// discriminator a perceptron with three hidden numbers. Both stand here a second time, in plain double.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "apps/common/training_step.hpp"
#include "layers/layers.hpp"
#include "tests/relative_error.hpp"

namespace tapestry {

using Numbers = std::vector<double>;

inline Numbers numbers_of(const Tensor& t) { return {t.data(), t.data() + t.size()}; }

// All weights, one after the other.
inline Numbers numbers_of(const Parameters& parameters) {
  Numbers all;
  for (const Parameter* p : parameters)
    for (const Real number : p->value().numbers()) all.push_back(number);
  return all;
}

// log(1 + e^x) and 1 / (1 + e^-x)
inline double plain_softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
inline double plain_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// dz/dx[i] for each i, by the central difference of fourth order.
inline Numbers differences(const std::function<double(const Numbers& x)>& f, Numbers x) {
  const double h = 1e-3;
  Numbers slope;
  for (double& at : x) {
    const double here = at;
    const auto f_at = [&](double moved) {
      at = here + moved;
      return f(x);
    };
    slope.push_back((8 * (f_at(h) - f_at(-h)) - (f_at(2 * h) - f_at(-2 * h))) / (12 * h));
    at = here;
  }
  return slope;
}

// What a configuration says as "loss".
inline GanLoss loss_of(const std::string& json) {
  const JsonSource source("c.json", "{\"loss\": " + json + "}");
  Problems problems;
  Json resolved;
  GanLoss loss;
  {
    Options root({source, problems, resolved});
    loss = read_gan_loss(root);
  }
  problems.raise();
  return loss;
}

// Keeps the gradients of each of its steps and leaves the weights alone.
class Recorder : public Optimizer {
 public:
  explicit Recorder(Parameters parameters) : Optimizer("recorder", std::move(parameters), 1) {}
  // Of all parameters, one after the other; t = 0, 1, ...
  Numbers gradient(std::size_t t) const {
    Numbers all;
    for (const Tensor& g : gradients_.at(t))
      for (const Real number : g.numbers()) all.push_back(number);
    return all;
  }

 private:
  void update(Parameter&, const Tensor& gradient, const Step& step) override {
    gradients_.resize(step.t);
    gradients_.back().resize(step.place + 1);
    gradients_.back()[step.place] = gradient;
  }
  std::vector<Tensors> gradients_;
};

// Keeps what comes into it, and its labels.
class Spy : public Activation {
 public:
  Var operator()(const Pass& pass, Var x) override {
    seen.push_back(x.value());
    labels.push_back(pass.labels);
    return x;
  }
  std::string kind() const override { return "spy"; }
  Tensors seen, labels;
};

struct TinyGame {
  static constexpr Index latent = 4, hidden = 3;
  Sequential generator, discriminator;
  Index outputs;

  explicit TinyGame(Index outputs = 1, bool sigmoid = false) : outputs(outputs) {
    const Random r(1);
    generator.add<Linear>(Shape{1, latent}, LinearOptions{.features = 4}, r);
    generator.add<Reshape>(Shape{1, 2, 2});
    discriminator.add<Flatten>();
    discriminator.add<Linear>(Shape{1, 4}, LinearOptions{.features = hidden}, r);
    discriminator.add<Tanh>();
    discriminator.add<Linear>(Shape{1, hidden}, LinearOptions{.features = outputs}, r);
    if (sigmoid) discriminator.add<Sigmoid>();
    for (Sequential* network : {&generator, &discriminator})
      for (Parameter* p : network->parameters()) p->assign(Random(3)(p->name())(network->size()).normal(p->shape()));
  }

  // y = x w^T + b, with w and b from a place in the weights, which moves on.
  static Numbers plain_linear(const Numbers& x, Index features, const double*& weights) {
    const double* const bias = weights + features * static_cast<Index>(x.size());
    Numbers y(bias, bias + features);
    for (double& sum : y)
      for (const double number : x) sum += *weights++ * number;
    weights += features;
    return y;
  }
  static Numbers plain_picture(const Numbers& weights, const Numbers& z) {
    const double* at = weights.data();
    return plain_linear(z, 4, at);
  }
  // Without the sigmoid.
  Numbers plain_verdict(const Numbers& weights, const Numbers& picture) const {
    const double* at = weights.data();
    Numbers h = plain_linear(picture, hidden, at);
    for (double& number : h) number = std::tanh(number);
    return plain_linear(h, outputs, at);
  }
};

// Latents are pictures.
struct Handed {
  Sequential generator;
  Handed() {
    auto& linear = generator.add<Linear>(Shape{1, 4}, LinearOptions{.features = 4}, Random(1));
    Tensor identity({4, 4}, 0);
    for (Index i = 0; i < 4; ++i) identity.writable()[5 * i] = 1;
    linear.parameters()[0]->assign(identity);
    generator.add<Reshape>(Shape{1, 2, 2});
  }
};

inline std::string name(DiscriminatorStep step) {
  return step == DiscriminatorStep::separate ? "separate"
         : step == DiscriminatorStep::summed ? "summed"
                                             : "concatenated";
}
inline const DiscriminatorStep all_steps[] = {DiscriminatorStep::separate, DiscriminatorStep::concatenated,
                                              DiscriminatorStep::summed};

inline Tensor pictures(Index count) { return Random(11)("real").normal({count, 1, 2, 2}); }
inline Tensor latents(Index count) { return Random(12)("latents").normal({count, TinyGame::latent}); }

// The rows of a tensor (N, ...).
inline std::vector<Numbers> rows_of(const Tensor& t) {
  const Index size = t.size() / t.shape()[0];
  std::vector<Numbers> rows;
  for (const Real* row = t.data(); row < t.data() + t.size(); row += size) rows.emplace_back(row, row + size);
  return rows;
}

inline double mean_of(const std::vector<Numbers>& rows, const std::function<double(const Numbers&)>& f) {
  double sum = 0;
  for (const Numbers& row : rows) sum += f(row);
  return sum / static_cast<double>(rows.size());
}

// The largest difference, as a share of the largest number.
inline double off(const Numbers& got, const Numbers& expected) {
  REQUIRE(got.size() == expected.size());
  double largest = 1e-30, difference = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = std::abs(got[i] - expected[i]);
    difference = std::isnan(d) ? INFINITY : std::max(difference, d);
    largest = std::max(largest, std::abs(expected[i]));
  }
  return difference / largest;
}

}  // namespace tapestry
