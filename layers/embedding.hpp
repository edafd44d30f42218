// Embedding: a row of numbers to be learned for each class.
#pragma once
#include "layers/initializers.hpp"
#include "layers/layer.hpp"

namespace tapestry {

struct EmbeddingOptions {
  Index classes = 0, features = 0;  // 1 or more of each
  Initializer weight_initializer = normal(0, 1);
};

// y[n] = w[x[n]]:  (N, 1) or (N), class numbers 0 ... classes - 1 held as Reals, -> (N, features), with w (classes,
// features). The input is a constant: no gradient flows into class numbers.
class Embedding : public Layer {
 public:
  Embedding(const Shape& input, EmbeddingOptions options, Random random);

  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "embedding"; }

 private:
  Parameter& weight_;
};

}  // namespace tapestry
