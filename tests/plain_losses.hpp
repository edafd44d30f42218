// Every loss of a game by its definition, in plain double, for one picture. Verdicts are those in front of a sigmoid.
#pragma once
#include "tests/tiny_game.hpp"

namespace tapestry {

struct PlainLoss {
  std::string json;  // as a configuration says it
  Index outputs = 1;
  bool sigmoid = false;
  bool smooth = true;  // may targets lie between 0 and 1?
  std::function<double(const Numbers& verdict, double target)> of_discriminator;
  std::function<double(const Numbers&verdict)> of_generator, belief;
  double middle = 0.5;
  double between = 0, real = 0;  // weight of a penalty at random places between both kinds, or at real pictures
};

inline std::vector<PlainLoss> plain_losses() {
  const auto sign = [](double target) { return target == 1 ? 1.0 : -1.0; };
  const auto bce = [](const Numbers& v, double t) {
    return t * plain_softplus(-v[0]) + (1 - t) * plain_softplus(v[0]);
  };
  const auto log_of_real = [=](const Numbers& v) { return bce(v, 1); };
  const auto sigmoid = [](const Numbers& v) { return plain_sigmoid(v[0]); };
  const auto score = [](const Numbers& v) { return v[0]; };
  const auto minus = [](const Numbers& v) { return -v[0]; };
  const auto softmax = [](const Numbers& v, double t) {
    const double all = std::exp(v[0]) + std::exp(v[1]);
    return -(1 - t) * std::log(std::exp(v[0]) / all) - t * std::log(std::exp(v[1]) / all);
  };
  const auto squares = [](const Numbers& v, double t) { return 0.5 * (v[0] - t) * (v[0] - t); };
  const auto hinge = [=](const Numbers& v, double t) { return std::max(0.0, 1 - v[0] * sign(t)); };
  const auto wasserstein = [=](const Numbers& v, double t) { return -v[0] * sign(t); };
  return {
      {"\"bce\"", 1, true, true, bce, log_of_real, sigmoid},
      {"\"bce_with_logits\"", 1, false, true, bce, log_of_real, sigmoid},
      {"\"bce_on_probabilities\"", 1, true, true, bce, log_of_real, sigmoid},
      {"\"softmax\"", 2, false, true, softmax, [=](const Numbers& v) { return softmax(v, 1); },
       [](const Numbers& v) { return std::exp(v[1]) / (std::exp(v[0]) + std::exp(v[1])); }},
      {"\"saturating\"", 1, false, true, bce, [](const Numbers& v) { return std::log(1 - plain_sigmoid(v[0])); },
       sigmoid},
      {"\"least_squares\"", 1, false, true, squares, [=](const Numbers& v) { return squares(v, 1); }, score},
      {"\"hinge\"", 1, false, false, hinge, minus, score, 0},
      {"\"wasserstein\"", 1, false, false, wasserstein, minus, score, 0},
      {R"({"type": "wasserstein_gp", "weight": 7})", 1, false, false, wasserstein, minus, score, 0, 7},
      {R"({"type": "r1", "weight": 3})", 1, false, true, bce, log_of_real, sigmoid, 0.5, 0, 3},
  };
}

}  // namespace tapestry
