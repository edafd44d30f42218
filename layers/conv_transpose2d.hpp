// ConvTranspose2d: every pixel of a small picture paints a window of weights onto a larger one.
#pragma once
#include "layers/convolution_options.hpp"
#include "layers/layer.hpp"

namespace tapestry {

// y[n, c, p stride_h - top + r, q stride_w - left + s] = b[c] + the sum of all x[n,o,p,q] w[o,c,r,s] that fall there
// (N, O, P, Q) -> (N, C, H, W), with w (O, C, R, S) and b (C): the input gradient of a convolution, used forward.
// Zeiler et al., "Deconvolutional networks", 2010; Dumoulin and Visin, "A guide to convolution arithmetic", 2016.
class ConvTranspose2d : public Layer {
 public:
  ConvTranspose2d(const Shape& input, ConvTransposeOptions options, Random random);  // (N, O, P, Q); only O matters

  Var operator()(const Pass& pass, Var x) final { return rectified(pass, std::move(x), 1); }
  bool rectifies() const override { return true; }
  Var rectified(const Pass& pass, Var x, Real slope) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "conv_transpose2d"; }
  double multiply_adds(const Shape& input) const override;
  const Geometry& geometry() const { return geometry_; }  // how the windows lie on the big picture

 private:
  Geometry geometry_;
  Parameter& weight_;
  Parameter* bias_;  // null if it has none
};

}  // namespace tapestry
