// For operations whose kernels can apply the rectifier that follows them. Internal.
#pragma once
#include <memory>

#include "autograd/tape.hpp"

namespace tapestry {

namespace kernels {
class Rectifier;
}

void check_slope(const char* op, Real slope);  // 0 or more

// leaky_relu(y, slope) after y = op(x[0], x[1], ...); with a slope of 1 nothing at all. The kernel of op applies it,
// but on the tape it is a call of its own. (Where somebody wants to see y, or samples are small, that is what happens.)
class Rectified {
 public:
  Rectified(const char* op, Real slope, const Shape& y, const Vars& x);
  const kernels::Rectifier* in_kernel() const { return in_kernel_.get(); }
  Var operator()(Var y) const;  // y as op has recorded it

 private:
  Real slope_;
  std::shared_ptr<const kernels::Rectifier> in_kernel_;
};

}  // namespace tapestry
