// Losses: compositions of operations. Each is the mean over the batch and returns one number, shape ().
#pragma once
#include <vector>

#include "autograd/ops.hpp"

namespace tapestry {

// Binary cross-entropy against one target in [0, 1] for the whole batch.
//
// From logits l:  softplus(l) - target l,  exact for any l. A network that ends in a sigmoid is trained through its
// logit, with this function: at a logit of 60 and target 0 the loss is 60 and its gradient 1, where the sigmoid itself
// is 1 in float and knows nothing any more.
Var bce_with_logits(Var logits, Real target);
// From bare probabilities p, clipped to [1e-7, 1 - 1e-7] as Keras does:  -target log p - (1 - target) log(1 - p).
Var bce_on_probabilities(Var probabilities, Real target);
// One target for each sample, of the same shape as what is judged, (N, 1).
Var bce_with_logits(Var logits, Tensor targets);
Var bce_on_probabilities(Var probabilities, Tensor targets);

// -sum over k of target[k] log softmax(logits)[k]; logits and targets (N, K), each row of the targets a distribution.
Var softmax_cross_entropy(Var logits, Tensor targets);
// The same with one label 0 ... K - 1 for each row.
Var softmax_cross_entropy(Var logits, const std::vector<int>& labels);

// mean((x - target)^2)
Var mean_squared_error(Var x, Var target);

}  // namespace tapestry
