// The three primitives under convolution and transposed convolution, between a big picture x (N, C, H, W) and a small
// one y (N, O, P, Q), with weights w (O, C, R, S):
//
//   gather           y[n,o,p,q] = sum over c, r, s of x[n, c, p sh - top + r, q sw - left + s] w[o,c,r,s]
//   scatter          x[n,c,h,w] = sum of the y[n,o,p,q] w[o,c,r,s] whose window (p, q) puts its tap (r, s) on (h, w)
//   weight_gradient  w[o,c,r,s] = sum over n, p, q of x[n, c, p sh - top + r, q sw - left + s] y[n,o,p,q]
//
// conv2d is gather; the gradient of its input is scatter. conv_transpose2d is scatter; the gradient of its input is
// gather. What is computed for a picture does not depend on the batch around it (but for im2col::gather, where Eigen
// may add in another order), and sums over the batch are taken as pairwise_sum.hpp says, so results do not depend on
// the number of threads.
#pragma once
#include "autograd/convolution_geometry.hpp"
#include "autograd/kernels/epilogue.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

struct Convolution {  // all lengths of one convolution
  Index N, C, H, W, O, P, Q;
  Geometry g;
  Index R() const { return g.kernel_h; }
  Index S() const { return g.kernel_w; }
  Index taps() const { return R() * S(); }
  Shape big() const { return {N, C, H, W}; }
  Shape small() const { return {N, O, P, Q}; }
  Shape weight() const { return {O, C, R(), S()}; }
  double multiply_adds() const { return double(N) * O * P * Q * C * taps(); }
  double nanoseconds() const { return multiply_adds() / 50; }  // on one thread, roughly
  bool operator==(const Convolution&) const = default;
};

// The default: each takes the fastest way for its geometry. convolution.cpp says which and why, and where one of the
// three goes by tables or im2col all the same.
enum class Way { table, winograd, few_channels, mirrored, unfolded };
Way best_way(const Convolution& k);
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);

// The ways, from the plainest to the fastest:
namespace reference {  // convolution_reference.cpp: seven nested loops
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);
}  // namespace reference
namespace im2col {  // convolution_im2col.cpp: the textbook's column matrix, a block at a time, and Eigen's product
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);
}  // namespace im2col
namespace im2col_in_loops {  // the same with a product of three loops, to compare
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);
}  // namespace im2col_in_loops
namespace table {  // convolution_table.cpp: no column matrix; offsets instead
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);
}  // namespace table
namespace unfolded {  // convolution_unfolded.cpp: few windows: all of the batch in one matrix
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);
}  // namespace unfolded
namespace few_channels {  // convolution_few_channels.cpp: a big picture of less than a vector of channels is unfolded
bool fits(const Convolution& k);
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);
}  // namespace few_channels
namespace winograd {                            // convolution_winograd.cpp: fewer multiplications
double saving(const Convolution& k);            // direct multiplications over those left; 0 where the tiles do not fit
double transformed_size(const Convolution& k);  // numbers that the R S of a kernel become
Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue = {});
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue = {});
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y);
}  // namespace winograd

// How far a result is off: the largest error of its numbers as a share of the largest of them all, infinitely far if
// one of them is not finite. convolution_errors.cpp evaluates all numbers once more, in double.
double gather_error(const Convolution& k, const Tensor& x, const Tensor& w, const Tensor& y);
double scatter_error(const Convolution& k, const Tensor& y, const Tensor& w, const Tensor& x);
double weight_gradient_error(const Convolution& k, const Tensor& x, const Tensor& y, const Tensor& w);

}  // namespace tapestry::kernels
