// Batch normalisation of x, (N, C) or (N, C, H, W), each channel over the batch and the picture.
#pragma once
#include "autograd/kernels/rectifier.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

struct ChannelStatistics {
  Tensor mean, variance;  // (C); the variance divided by the count
};
// In one pass, as sums of x - s and (x - s)^2, where s is the mean of four samples: with s = 0 they would cancel. What
// still does costs the variance about (mean - s)^2 / variance roundings.
ChannelStatistics channel_statistics(const Tensor& x);

// (x - mean) scale + shift, one of each (C) for each channel. The mean goes first: folded into the shift it would
// cancel. `rectifier`, if not null, is applied to each sample while it is in the cache.
Tensor normalize_channels(Tensor x, const Tensor& mean, const Tensor& scale, const Tensor& shift,
                          const Rectifier* rectifier = nullptr);

// dL/dx, dL/dgamma, dL/dbeta of y = gamma (x - mean) inverse_sigma + beta, where mean and sigma are those of x itself:
//   dbeta = sum(g),  dgamma = sum(g x_hat),  dx = gamma inverse_sigma (g - dbeta / count - x_hat dgamma / count)
Tensors batch_norm_gradients(Tensor g, const Tensor& x, const Tensor& gamma, const Tensor& mean,
                             const Tensor& inverse_sigma);

}  // namespace tapestry::kernels
