#include "autograd/kernels/normalization.hpp"

#include <vector>

#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"
#include "autograd/kernels/sums.hpp"

namespace tapestry::kernels {
namespace {

struct Channels {  // x as (N, C, area)
  Index N, C, area;
  explicit Channels(const Shape& shape) : N(shape[0]), C(shape[1]), area(shape.size() / (shape[0] * shape[1])) {}
  Index count() const { return N * area; }
};

// For each channel c the sum over n and area of f(c, place in x), over chunks of samples and then in pairs.
template <class F>
Tensor channel_sums(const Channels& x, F f) {
  const Index count = chunks(x.N);
  const Scratch partial(count * x.C);
  parallel_for(count, 0.5 * x.N * x.C * x.area, [&](Index chunk) {
    std::vector<double> sums(x.C);
    for (Index n = chunk * chunk_samples; n < std::min(x.N, (chunk + 1) * chunk_samples); ++n)
      if (x.area == 1)  // a row of features: this loop can use vectors
        for (Index c = 0; c < x.C; ++c) sums[c] += f(c, n * x.C + c);
      else
        for (Index c = 0; c < x.C; ++c) {
          const Index first = (n * x.C + c) * x.area;
          sums[c] += sum_of(x.area, [=](Index i) { return f(c, first + i); });
        }
    for (Index c = 0; c < x.C; ++c) partial[chunk * x.C + c] = static_cast<Real>(sums[c]);
  });
  add_in_pairs(partial, count, x.C);
  Tensor total = Tensor::uninitialized({x.C});
  std::copy_n(static_cast<const Real*>(partial), x.C, total.writable());
  return total;
}

// to[place] = f(c, place) for every number
template <class F>
void each_number(const Channels& x, Real* to, F f) {
  parallel_for_blocks(x.N, std::max<Index>(1, 16384 / (x.C * x.area)), 0.5 * x.C * x.area, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n)
      if (x.area == 1)
        for (Index c = 0; c < x.C; ++c) to[n * x.C + c] = f(c, n * x.C + c);
      else
        for (Index c = 0; c < x.C; ++c) {
          const Index first = (n * x.C + c) * x.area;
          for (Index i = first; i < first + x.area; ++i) to[i] = f(c, i);
        }
  });
}

}  // namespace

ChannelStatistics channel_statistics(const Tensor& x) {
  const Channels channels(x.shape());
  const Real* const from = x.data();
  const Real count = static_cast<Real>(channels.count());
  Tensor mean = multiply(channel_sums(channels, [=](Index, Index i) { return from[i]; }), 1 / count);
  const Real* const m = mean.data();
  Tensor squares = channel_sums(channels, [=](Index c, Index i) { return (from[i] - m[c]) * (from[i] - m[c]); });
  return {mean, multiply(squares, 1 / count)};
}

Tensor normalize_channels(Tensor x, const Tensor& mean, const Tensor& scale, const Tensor& shift) {
  const Channels channels(x.shape());
  const Real *const from = x.data(), *const m = mean.data(), *const a = scale.data(), *const b = shift.data();
  Tensor y = x.recycle();
  each_number(channels, y.writable(), [=](Index c, Index i) { return (from[i] - m[c]) * a[c] + b[c]; });
  return y;
}

Tensors batch_norm_gradients(Tensor g, const Tensor& x, const Tensor& gamma, const Tensor& mean,
                             const Tensor& inverse_sigma) {
  const Channels channels(x.shape());
  const Real *const dy = g.data(), *const from = x.data(), *const m = mean.data(), *const r = inverse_sigma.data();
  const Tensor dbeta = channel_sums(channels, [=](Index, Index i) { return dy[i]; });
  const Tensor dgamma = channel_sums(channels, [=](Index c, Index i) { return dy[i] * ((from[i] - m[c]) * r[c]); });

  std::vector<Real> a(channels.C), b(channels.C), d(channels.C);  // dx = a dy + b (x - mean) + d
  for (Index c = 0; c < channels.C; ++c) {
    a[c] = gamma[c] * r[c];
    b[c] = -a[c] * r[c] * dgamma[c] / channels.count();
    d[c] = -a[c] * dbeta[c] / channels.count();
  }
  Tensor dx = g.recycle();
  const Real *const fa = a.data(), *const fb = b.data(), *const fd = d.data();
  each_number(channels, dx.writable(),
              [=](Index c, Index i) { return fa[c] * dy[i] + (fb[c] * (from[i] - m[c]) + fd[c]); });
  return {dx, dgamma, dbeta};
}

}  // namespace tapestry::kernels
