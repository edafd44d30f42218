#include "autograd/kernels/normalization.hpp"

#include <algorithm>
#include <vector>

#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"
#include "autograd/kernels/shaping.hpp"
#include "autograd/kernels/sums.hpp"

namespace tapestry::kernels {
namespace {

struct Channels {  // x as (N, C, area)
  Index N, C, area;
  explicit Channels(const Shape& shape) : N(shape[0]), C(shape[1]), area(shape.size() / (shape[0] * shape[1])) {}
  Index count() const { return N * area; }
};

// Rows of features, a few at a time: only their sums become doubles. The loop over features can use vectors.
constexpr Index few = 8;
template <Index rows, class F, class G>
void add_rows(Index C, Index begin, F f, G g, double* of_f, double* of_g) {
  for (Index c = 0; c < C; ++c) {
    Real sum_f = 0, sum_g = 0;
    for (Index row = 0; row < rows; ++row) sum_f += f(c, begin + row * C + c), sum_g += g(c, begin + row * C + c);
    of_f[c] += sum_f, of_g[c] += sum_g;
  }
}

// For each channel c the sums over n and area of f(c, place in x) and of g(c, place in x): (2, C). Over chunks of
// samples, then in pairs.
template <class F, class G>
Tensor channel_sums(const Channels& x, F f, G g) {
  const Index count = chunks(x.N), C = x.C;
  const Scratch partial(count * 2 * C);
  parallel_for(count, 0.5 * x.N * C * x.area, [&](Index chunk) {
    const Index begin = chunk * chunk_samples, end = std::min(x.N, begin + chunk_samples);
    Real* const to = partial + chunk * 2 * C;
    if (x.area == 1) {
      std::vector<double> sums(2 * C);
      double *const of_f = sums.data(), *const of_g = of_f + C;
      Index n = begin;
      for (; n + few <= end; n += few) add_rows<few>(C, n * C, f, g, of_f, of_g);
      for (; n < end; ++n) add_rows<1>(C, n * C, f, g, of_f, of_g);
      std::copy(sums.begin(), sums.end(), to);
    } else {
      std::vector<TwoSums> sums(C);
      for (Index n = begin; n < end; ++n)
        for (Index c = 0; c < C; ++c) {
          const Index first = (n * C + c) * x.area;
          sums[c].add(
              x.area, [=](Index i) { return f(c, first + i); }, [=](Index i) { return g(c, first + i); });
        }
      for (Index c = 0; c < C; ++c)
        to[c] = static_cast<Real>(sums[c].of_f()), to[C + c] = static_cast<Real>(sums[c].of_g());
    }
  });
  return sum_in_pairs(partial, count, {2, C});
}

// A number near the mean of each channel: the mean over a few samples from all over the batch.
std::vector<Real> near_means(const Channels& x, const Real* numbers) {
  const Index samples = std::min<Index>(x.N, 4);
  const Real share = 1 / static_cast<Real>(samples * x.area);
  std::vector<Real> near(x.C);
  for (Index s = 0; s < samples; ++s) {
    const Real* const sample = numbers + s * x.N / samples * x.C * x.area;
    if (x.area == 1)
      for (Index c = 0; c < x.C; ++c) near[c] += share * sample[c];
    else
      for (Index c = 0; c < x.C; ++c)
        near[c] += share * static_cast<Real>(sum_of(x.area, [=](Index i) { return sample[c * x.area + i]; }));
  }
  return near;
}

// to[place] = f(c)(place) for every number, and then finish(n) for every sample. f(c) has the constants of a channel in
// it, so that they stay in registers. It may read what lies at to[place].
template <class F, class Finish>
void each_number(const Channels& x, Real* to, F f, Finish finish) {
  parallel_for_blocks(x.N, std::max<Index>(1, 16384 / (x.C * x.area)), 0.5 * x.C * x.area, [=](Index begin, Index end) {
    const F of = f;  // a copy that nothing written to memory can change
    for (Index n = begin; n < end; ++n) {
      if (x.area == 1)
        for (Index c = 0; c < x.C; ++c) to[n * x.C + c] = of(c)(n * x.C + c);
      else
        for (Index c = 0; c < x.C; ++c) {
          const auto of_channel = of(c);
          const Index first = (n * x.C + c) * x.area, last = first + x.area;
          for (Index i = first; i < last; ++i) to[i] = of_channel(i);
        }
      finish(n);
    }
  });
}

}  // namespace

ChannelStatistics channel_statistics(const Tensor& x) {
  const Channels channels(x.shape());
  const Real* const from = x.data();
  const std::vector<Real> near = near_means(channels, from);
  const Real* const s = near.data();
  const Tensor sums = channel_sums(
      channels, [=](Index c, Index i) { return from[i] - s[c]; },
      [=](Index c, Index i) { return (from[i] - s[c]) * (from[i] - s[c]); });
  Tensor mean = Tensor::uninitialized({channels.C}), variance = Tensor::uninitialized({channels.C});
  Real *const to_mean = mean.writable(), *const to_variance = variance.writable();
  const double count = static_cast<double>(channels.count());
  for (Index c = 0; c < channels.C; ++c) {
    const double away = sums[c] / count, squares = sums[channels.C + c] / count - away * away;
    to_mean[c] = static_cast<Real>(s[c] + away);
    to_variance[c] = static_cast<Real>(squares < 0 ? 0 : squares);
  }
  return {mean, variance};
}

Tensor normalize_channels(Tensor x, const Tensor& mean, const Tensor& scale, const Tensor& shift,
                          const Rectifier* rectifier) {
  const Channels channels(x.shape());
  const Real *const from = x.data(), *const m = mean.data(), *const a = scale.data(), *const b = shift.data();
  Tensor y = x.recycle();
  Real* const to = y.writable();
  with_rectifier(rectifier ? rectifier->slope() : 1, [=](auto rectified) {
    each_number(
        channels, to,
        [=](Index c) {
          return [=, m = m[c], a = a[c], b = b[c]](Index i) { return rectified((from[i] - m) * a + b); };
        },
        [=, size = channels.C * channels.area](Index n) {
          if (rectifier) rectifier->note(n, 1, to + n * size);
        });
  });
  return y;
}

Tensors batch_norm_gradients(Tensor g, const Tensor& x, const Tensor& gamma, const Tensor& mean,
                             const Tensor& inverse_sigma) {
  const Channels channels(x.shape());
  const Real *const dy = g.data(), *const from = x.data(), *const m = mean.data(), *const r = inverse_sigma.data();
  const Tensor sums = channel_sums(
      channels, [=](Index, Index i) { return dy[i]; },
      [=](Index c, Index i) { return dy[i] * ((from[i] - m[c]) * r[c]); });
  const Tensor dbeta = slice(sums, 0, 0, 1).reshaped({channels.C}),
               dgamma = slice(sums, 0, 1, 2).reshaped({channels.C});

  std::vector<Real> a(channels.C), b(channels.C), d(channels.C);  // dx = a dy + b (x - mean) + d
  for (Index c = 0; c < channels.C; ++c) {
    a[c] = gamma[c] * r[c];
    b[c] = -a[c] * r[c] * dgamma[c] / channels.count();
    d[c] = -a[c] * dbeta[c] / channels.count();
  }
  Tensor dx = g.recycle();
  const Real *const fa = a.data(), *const fb = b.data(), *const fd = d.data();
  each_number(
      channels, dx.writable(),
      [=](Index c) {
        return [=, m = m[c], a = fa[c], b = fb[c], d = fd[c]](Index i) { return a * dy[i] + (b * (from[i] - m) + d); };
      },
      [](Index) {});
  return {dx, dgamma, dbeta};
}

}  // namespace tapestry::kernels
