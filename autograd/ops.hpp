// The catalogue of operations. Each is defined with its rules in the file named above its family.
//
// Shapes use the letters of shape.hpp. An operation on Vars of one tape is recorded there; on constants it only
// computes. Wrong shapes are an error that names the operation and both shapes.
#pragma once
#include <initializer_list>
#include <vector>

#include "autograd/convolution_geometry.hpp"
#include "autograd/random.hpp"
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
Var expm1(Var x);  // exp(x) - 1, exact near 0
Var log(Var x);    // natural
Var log1p(Var x);  // log(1 + x), exact near 0
Var sin(Var x);
Var cos(Var x);
Var sqrt(Var x);
Var pow(Var x, Real exponent);
Var tanh(Var x);
Var sigmoid(Var x);   // 1 / (1 + exp(-x))
Var softplus(Var x);  // log(1 + exp(x)), exact for any x
Var relu(Var x);      // max(x, 0); derivative 0 at 0
Var elu(Var x);       // x where x > 0, otherwise exp(x) - 1
inline Var silu(Var x) { return x * sigmoid(x); }
Var leaky_relu(Var x, Real slope);      // x where x > 0, otherwise slope x; slope >= 0
Var abs(Var x);                         // derivative 0 at 0
Var sign(Var x);                        // -1, 0 or 1; a constant, since its derivative is 0 wherever it has one
Var clamp(Var x, Real low, Real high);  // derivative 1 at both bounds
Var max(Var a, Var b);                  // where a = b each gets half of the gradient
inline Var min(Var a, Var b) { return -max(-std::move(a), -std::move(b)); }
Var where(Tensor condition, Var a, Var b);  // a where condition is not 0, otherwise b; all three are broadcast
// x / (1 - rate) with probability 1 - rate, otherwise 0; rate in [0, 1). The first axis counts samples, from
// first_sample on; what is left out of a sample depends on the key and on its number only.
Var dropout(Var x, double rate, Random random, Index first_sample = 0);

// broadcasting.cpp: the one pair that undoes broadcasting.
Var broadcast_to(Var x, Shape shape);  // repeat along axes of length 1; the dual of
Var sum_to(Var x, Shape shape);        // add up what broadcast_to repeats

// reductions.cpp. Along axes: these disappear; -1 is the last one.
Var sum(Var x);   // -> ()
Var mean(Var x);  // -> ()
Var sum(Var x, std::vector<int> axes);
Var mean(Var x, std::vector<int> axes);
Var max(Var x, std::vector<int> axes);  // where several entries are the largest, they share the gradient equally
inline Var min(Var x, std::vector<int> axes) { return -max(-std::move(x), std::move(axes)); }
Var norm(Var x, std::vector<int> axes);  // Euclidean: sqrt(sum(x^2)); all derivatives of the zero vector are 0
Var softmax(Var x, int axis = -1);       // exp(x) / sum(exp(x)) along one axis, which stays
Var log_softmax(Var x, int axis = -1);   // x - log(sum(exp(x)))

// shaping.cpp
Var reshape(Var x, Shape shape);                      // same numbers, same order
Var flatten(Var x);                                   // (N, ...) -> (N, F)
Var permute(Var x, std::vector<int> axes);            // axis i of the result is axis axes[i] of x
Var transpose(Var x);                                 // (M, N) -> (N, M)
Var flip(Var x, std::vector<int> axes);               // last entry first along these axes
Var slice(Var x, int axis, Index begin, Index end);   // entries begin ... end - 1 along one axis; the dual of
Var pad(Var x, int axis, Index before, Index after);  // zeros before and after along one axis
inline Var pad2d(Var x, Index top, Index bottom, Index left, Index right) {  // (N,C,H,W): zeros around each picture
  return pad(pad(std::move(x), -2, top, bottom), -1, left, right);
}
Var concat(const Vars& parts, int axis);

// linear_algebra.cpp
enum class Product { ab, abT, aTb };                   // which operand is transposed
Var matmul(Var a, Var b, Product form = Product::ab);  // ab: (..., M, K) (..., K, N) -> (..., M, N), ... are broadcast
Var linear(Var x, Var weight, Var bias, Real slope = 1);  // x w^T + bias: (N, in) (out, in) (out) -> (N, out)

// embedding.cpp. Numbers of rows are whole, held as Reals, in a tensor of any shape I.
Var embedding(Var weight, Tensor numbers);         // (K, F), I -> (I, F): rows of the weight; the dual of
Var scatter_rows(Var y, Tensor numbers, Index K);  // (I, F), I -> (K, F): adds each row where its number says

// convolution.cpp: one trilinear form with three faces; each rule is one of the other two.
//   <g, conv2d(x, w)>  =  <x, conv_transpose2d(g, w)>  =  <w, conv2d_weight_gradient(x, g)>
// `slope` is that of a leaky_relu after it, which the same kernel applies; with 1 there is none.
Var conv2d(Var x, Var w, Geometry geometry, Real slope = 1);                      // (N,C,H,W) (O,C,R,S) -> (N,O,P,Q)
Var conv2d(Var x, Var w, Var bias, Geometry geometry, Real slope = 1);            // bias (O)
Var conv_transpose2d(Var x, Var w, Geometry geometry, Real slope = 1);            // (N,O,P,Q) (O,C,R,S) -> (N,C,H,W)
Var conv_transpose2d(Var x, Var w, Var bias, Geometry geometry, Real slope = 1);  // bias (C)
Var conv2d_weight_gradient(Var x, Var g, Geometry geometry);                      // (N,C,H,W) (N,O,P,Q) -> (O,C,R,S)

// pooling.cpp: windows that move over each channel by itself, (N,C,H,W) -> (N,C,P,Q).
Var avg_pool2d(Var x, Geometry geometry, bool count_padding = false);  // does padding count in what is divided by?
Var max_pool2d(Var x, Geometry geometry);  // the first of several takes the gradient; padding does not take part
Var global_avg_pool(Var x);                // (N,C,H,W) -> (N,C)
Var upsample(Var x, Index fy, Index fx);   // (N,C,H,W) -> (N,C,fy H,fx W): each pixel becomes fy x fx
// What they are made of, in pairs of duals. A tap is a place in a window: row times kernel_w plus column.
Var window_sum(Var x, Geometry geometry);                // of the numbers under each window; padding is 0
Var window_spread(Var y, Geometry geometry);             // (N,C,P,Q) -> (N,C,H,W): to each pixel under its window
Var window_take(Var x, Tensor taps, Geometry geometry);  // what lies under one tap of each window
Var window_put(Var y, Tensor taps, Geometry geometry);   // (N,C,P,Q) -> (N,C,H,W): to the pixel under its tap

// normalization.cpp: each channel to mean 0 and variance 1 over the batch, then scaled and shifted (Ioffe and Szegedy,
// "Batch normalization", 2015). x is (N, C) or (N, C, H, W), gamma and beta (C).
struct BatchNormed {
  Var y;
  Tensor mean, variance;  // (C) of the batch; the variance is the biased one: divided by the count
};
BatchNormed batch_norm(Var x, Var gamma, Var beta, Real epsilon, Real slope = 1);  // of a leaky_relu, as in conv2d
// Each sample to mean 0 and variance 1 by itself, over the last axes of x, those that gamma and beta have (Ba, Kiros
// and Hinton, "Layer normalization", 2016).
Var layer_norm(Var x, Var gamma, Var beta, Real epsilon = Real(1e-5));

}  // namespace tapestry
