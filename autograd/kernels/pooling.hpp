// Windows that move over pictures, channel by channel: sums for average pooling, the places of the largest numbers for
// max pooling. Sum and spread are duals, and so are take and put: one goes back where the other came from. What is
// computed for a picture does not depend on the batch around it.
#pragma once
#include "autograd/convolution_geometry.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

struct Windows {  // on pictures (N, C, H, W), one for each place of (N, C, P, Q)
  Index N, C, H, W, P, Q;
  Geometry g;
  Shape big() const { return {N, C, H, W}; }
  Shape small() const { return {N, C, P, Q}; }
};

Tensor window_sum(const Windows& k, const Tensor& x);     // of the numbers under each window; padding counts as 0
Tensor window_spread(const Windows& k, const Tensor& y);  // adds each y to all pixels under its window

// Which tap r S + s of each window lies on its largest number: the first in row-major order where there are several, a
// NaN before all others. Padding does not take part; every window has to hold a pixel.
Tensor window_argmax(const Windows& k, const Tensor& x);
Tensor window_take(const Windows& k, const Tensor& x, const Tensor& taps);  // the number under one tap of each window
Tensor window_put(const Windows& k, const Tensor& y, const Tensor& taps);   // adds each y to the pixel under its tap

namespace reference {  // the same by the book
Tensor window_sum(const Windows& k, const Tensor& x);
Tensor window_spread(const Windows& k, const Tensor& y);
Tensor window_argmax(const Windows& k, const Tensor& x);
Tensor window_take(const Windows& k, const Tensor& x, const Tensor& taps);
Tensor window_put(const Windows& k, const Tensor& y, const Tensor& taps);
}  // namespace reference

}  // namespace tapestry::kernels
