// Random numbers that are looked up, not drawn: a key says what they are for, a place says which one. The same key and
// place give the same number whatever was looked up before, on however many threads.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "autograd/tensor.hpp"

namespace tapestry {

// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011): four random words
// for each counter and key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

class Random {
 public:
  explicit Random(std::uint64_t seed = 0) : key_(seed) {}

  // A key of its own for each purpose: random("dropout")(step)(layer).
  Random operator()(std::string_view purpose) const;
  Random operator()(Index number) const;

  // Word i of sample n.
  std::uint32_t word(Index n, Index i) const;
  // A whole number in [0, bound), each as likely as the next (within bound / 2^64).
  Index below(Index bound, Index n) const;
  // In [0, 1): 24 bits, so that float and double builds get the same numbers.
  double uniform(Index n, Index i) const { return (word(n, i) >> 8) * 0x1p-24; }

  // Row n of the result depends on the key and on first_sample + n only: batches of any size see the same numbers.
  Tensor uniform(Shape shape, Real low = 0, Real high = 1, Index first_sample = 0) const;  // in [low, high)
  Tensor normal(Shape shape, Real mean = 0, Real deviation = 1, Index first_sample = 0) const;
  // Each number is x / (1 - rate) with probability 1 - rate, otherwise 0: inverted dropout.
  Tensor dropout(Tensor x, double rate, Index first_sample = 0) const;

 private:
  std::uint64_t key_;
};

}  // namespace tapestry
