// WeightAverage: a network's weights averaged over its last steps. The weights of a GAN go round in circles rather than
// come to rest, and their average draws better pictures than any of them.
#pragma once
#include "autograd/parameter.hpp"

namespace tapestry {

//     average = d average + (1 - d) now,      d = min(decay, (1 + t) / (10 + t)) after t steps,
// so that the first steps are soon forgotten. Running statistics are averaged as the weights are: they belong together.
// Yazici et al., "The unusual effectiveness of averaging in GAN training", 2019; the warm-up is that of TensorFlow.
class WeightAverage {
 public:
  WeightAverage(const Parameters& parameters, const Buffers& buffers, double decay);  // decay in [0, 1); 0: no average

  void follow();  // call after each step
  void swap();    // puts the average into the network and the network's own numbers here; again: back

 private:
  std::vector<Stored*> stored_;
  Tensors averages_;
  double decay_;
  long steps_ = 0;
};

}  // namespace tapestry
