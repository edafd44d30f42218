// Conv2d: the same small window of weights looks at every place of a picture.
#pragma once
#include "layers/convolution_options.hpp"
#include "layers/layer.hpp"

namespace tapestry {

// y[n,o,p,q] = b[o] + sum over c, r, s of x[n, c, p stride_h - top + r, q stride_w - left + s] w[o,c,r,s]
// (N, C, H, W) -> (N, O, P, Q), with w (O, C, R, S) and b (O); outside the picture x is 0.
// LeCun et al., "Gradient-based learning applied to document recognition", 1998.
class Conv2d : public Layer {
 public:
  Conv2d(const Shape& input, ConvOptions options, Random random);  // input (N, C, H, W); N, H and W do not matter

  Var operator()(const Pass& pass, Var x) final { return rectified(pass, std::move(x), 1); }
  bool rectifies() const override { return true; }
  Var rectified(const Pass& pass, Var x, Real slope) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "conv2d"; }
  double multiply_adds(const Shape& input) const override;
  Geometry geometry(const Shape& input) const;  // how the windows lie on such pictures

 private:
  Geometry windows_;  // with explicit padding; `same` depends on the picture
  bool same_;
  Parameter& weight_;
  Parameter* bias_;  // null if it has none
};

}  // namespace tapestry
