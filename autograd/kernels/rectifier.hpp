// Rectifiers: leaky_relu, x where x > 0 and slope x elsewhere (slope >= 0), and relu, which is the one of slope 0.
#pragma once
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

// f(the rectifier of this slope as a function of one number). What is no number stays so. Written so that compilers see
// no branch: it would be guessed wrong half of the time.
template <class F>
void with_rectifier(Real slope, F f) {
  if (slope == 1)
    f([](Real x) { return x; });
  else if (slope == 0)
    f([](Real x) { return x < 0 ? Real(0) : x; });
  else
    f([slope](Real x) { return x * (x > 0 ? Real(1) : slope); });
}

// In place if x is given away. It can note where x > 0, which is all that the gradient asks for: a bit for each number,
// packed into Reals that are no numbers themselves.
Tensor rectify(Tensor x, Real slope, Tensor* positive = nullptr);
Tensor scale_where_not_positive(Tensor x, const Tensor& positive, Real slope);  // slope x where the bit is not set

// The same for kernels that compute x sample by sample: each is rectified as soon as it is complete, while it is in the
// cache.
class Rectifier {
 public:
  Rectifier(Real slope, const Shape& x, bool note_positive);
  static bool suits(const Shape& x);  // not small samples: each has notes of its own, for hundreds of numbers at least
  Real slope() const { return slope_; }
  void operator()(Index first, Index count, Real* samples) const;  // in place; other threads may be at other samples
  void note(Index first, Index count, const Real* samples) const;  // only notes: for kernels that have rectified them
  const Tensor& positive() const { return positive_; }             // empty, if it was not to be noted

 private:
  Real slope_;
  Index size_;  // of a sample
  Tensor positive_;
  Real* words_;
};

}  // namespace tapestry::kernels
