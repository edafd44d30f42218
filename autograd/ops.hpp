// The catalogue of operations. Each is defined with its rules in the file named above its family.
//
// Shapes use the letters of shape.hpp. An operation on Vars of one tape is recorded there; on constants it only
// computes. Wrong shapes are an error that names the operation and both shapes.
#pragma once
#include <initializer_list>
#include <vector>

#include "autograd/convolution_geometry.hpp"
#include "autograd/tape.hpp"

namespace tapestry {

// elementwise.cpp. Two operands are broadcast as NumPy does it: shapes are aligned at their last axis, and an axis of
// length 1 (or a missing one) is repeated.
Var operator+(Var a, Var b);
Var operator-(Var a, Var b);
Var operator*(Var a, Var b);
Var operator/(Var a, Var b);
Var operator+(Var x, Real c);
Var operator*(Var x, Real c);
Var operator/(Real c, Var x);
inline Var operator+(Real c, Var x) { return std::move(x) + c; }
inline Var operator-(Var x, Real c) { return std::move(x) + -c; }
inline Var operator*(Real c, Var x) { return std::move(x) * c; }
inline Var operator/(Var x, Real c) { return std::move(x) * (1 / c); }
inline Var operator-(Var x) { return std::move(x) * Real(-1); }
inline Var operator-(Real c, Var x) { return -std::move(x) + c; }
Var exp(Var x);
Var log(Var x);  // natural
Var sqrt(Var x);
Var pow(Var x, Real exponent);
Var tanh(Var x);
Var sigmoid(Var x);                         // 1 / (1 + exp(-x))
Var softplus(Var x);                        // log(1 + exp(x)), exact for any x
Var relu(Var x);                            // max(x, 0); derivative 0 at 0
Var leaky_relu(Var x, Real slope);          // x where x > 0, otherwise slope x; slope >= 0
Var abs(Var x);                             // derivative 0 at 0
Var sign(Var x);                            // -1, 0 or 1; a constant, since its derivative is 0 wherever it has one
Var clamp(Var x, Real low, Real high);      // derivative 1 at both bounds
Var max(Var a, Var b);                      // where a = b each gets half of the gradient
Var where(Tensor condition, Var a, Var b);  // a where condition is not 0, otherwise b

// broadcasting.cpp: the one pair that undoes broadcasting.
Var broadcast_to(Var x, Shape shape);  // repeat along axes of length 1; the dual of
Var sum_to(Var x, Shape shape);        // add up what broadcast_to repeats

// reductions.cpp
Var sum(Var x);                         // -> ()
Var mean(Var x);                        // -> ()
Var sum(Var x, std::vector<int> axes);  // the axes disappear; -1 is the last
Var mean(Var x, std::vector<int> axes);
Var log_softmax(Var x);  // (N, F), along F: x - log(sum(exp(x)))

// shaping.cpp
Var reshape(Var x, Shape shape);                      // same numbers, same order
Var flatten(Var x);                                   // (N, ...) -> (N, F)
Var transpose(Var x);                                 // (M, N) -> (N, M)
Var slice(Var x, int axis, Index begin, Index end);   // entries begin ... end - 1 along one axis; the dual of
Var pad(Var x, int axis, Index before, Index after);  // zeros before and after along one axis
Var concat(const Vars& parts, int axis);

// linear_algebra.cpp
enum class Product { ab, abT, aTb };                   // which operand is transposed
Var matmul(Var a, Var b, Product form = Product::ab);  // ab: (M, K) (K, N) -> (M, N)
Var linear(Var x, Var weight, Var bias);               // x w^T + bias: (N, in) (out, in) (out) -> (N, out)

// convolution.cpp: one trilinear form with three faces; each rule is one of the other two.
//   <g, conv2d(x, w)>  =  <x, conv_transpose2d(g, w)>  =  <w, conv2d_weight_gradient(x, g)>
Var conv2d(Var x, Var w, Geometry geometry);                      // (N,C,H,W) (O,C,R,S) -> (N,O,P,Q)
Var conv2d(Var x, Var w, Var bias, Geometry geometry);            // bias (O)
Var conv_transpose2d(Var x, Var w, Geometry geometry);            // (N,O,P,Q) (O,C,R,S) -> (N,C,H,W)
Var conv_transpose2d(Var x, Var w, Var bias, Geometry geometry);  // bias (C)
Var conv2d_weight_gradient(Var x, Var g, Geometry geometry);      // (N,C,H,W) (N,O,P,Q) -> (O,C,R,S)

// normalization.cpp: each channel to mean 0 and variance 1 over the batch, then scaled and shifted (Ioffe and Szegedy,
// "Batch normalization", 2015). x is (N, C) or (N, C, H, W), gamma and beta (C).
struct BatchNormed {
  Var y;
  Tensor mean, variance;  // (C) of the batch; the variance is the biased one: divided by the count
};
BatchNormed batch_norm(Var x, Var gamma, Var beta, Real epsilon);

}  // namespace tapestry
