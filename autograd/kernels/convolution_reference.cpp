#include <cmath>

#include "autograd/kernels/convolution.hpp"

namespace tapestry::kernels::reference {
namespace {

// Visits every product of a convolution: f(i, j, o) for x[i], w[j], y[o].
template <class F>
void each_product(const Convolution& k, F f) {
  for (Index n = 0; n < k.N; ++n)
    for (Index o = 0; o < k.O; ++o)
      for (Index c = 0; c < k.C; ++c)
        for (Index p = 0; p < k.P; ++p)
          for (Index q = 0; q < k.Q; ++q)
            for (Index r = 0; r < k.R(); ++r)
              for (Index s = 0; s < k.S(); ++s) {
                const Index h = p * k.g.stride_h - k.g.top + r, v = q * k.g.stride_w - k.g.left + s;
                if (h < 0 || h >= k.H || v < 0 || v >= k.W) continue;  // padding
                f(((n * k.C + c) * k.H + h) * k.W + v, ((o * k.C + c) * k.R() + r) * k.S() + s,
                  ((n * k.O + o) * k.P + p) * k.Q + q);
              }
}

Tensor filled_with(const Real* bias, Shape shape) {
  Tensor t(shape, 0);
  if (!bias) return t;
  const Index area = shape[2] * shape[3];
  Real* const to = t.writable();
  for (Index i = 0; i < t.size(); ++i) to[i] = bias[i / area % shape[1]];
  return t;
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  Tensor y = filled_with(epilogue.bias, k.small());
  Real* const to = y.writable();
  each_product(k, [&](Index i, Index j, Index o) { to[o] += x[i] * w[j]; });
  epilogue.rectify(0, k.N, to);
  return y;
}
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  Tensor x = filled_with(epilogue.bias, k.big());
  Real* const to = x.writable();
  each_product(k, [&](Index i, Index j, Index o) { to[i] += y[o] * w[j]; });
  epilogue.rectify(0, k.N, to);
  return x;
}
Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  Tensor w(k.weight(), 0);
  Real* const to = w.writable();
  each_product(k, [&](Index i, Index j, Index o) { to[j] += x[i] * y[o]; });
  return w;
}

namespace {

// The largest error of some hundred numbers that are spread over a result, as a share of its largest number;
// exactly(i) evaluates number i in double. What is not finite is infinitely far off.
template <class F>
double error(const Tensor& got, F exactly) {
  double largest = 0, worst = 0;
  for (Index i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i])) return INFINITY;
    largest = std::max(largest, std::abs(double(got[i])));
  }
  for (Index i = 0, step = got.size() / 300 | 1; i < got.size(); i += step)
    worst = std::max(worst, std::abs(got[i] - exactly(i)));
  return worst / largest;
}

// Pixel (h, v) of a big picture, zero where there is only padding.
double pixel(const Convolution& k, const Tensor& x, Index n, Index c, Index h, Index v) {
  return h < 0 || h >= k.H || v < 0 || v >= k.W ? 0 : x[((n * k.C + c) * k.H + h) * k.W + v];
}

}  // namespace

double gather_error(const Convolution& k, const Tensor& x, const Tensor& w, const Tensor& y) {
  return error(y, [&](Index i) {
    const Index q = i % k.Q, p = i / k.Q % k.P, o = i / k.Q / k.P % k.O, n = i / k.Q / k.P / k.O;
    double sum = 0;
    for (Index c = 0; c < k.C; ++c)
      for (Index r = 0; r < k.R(); ++r)
        for (Index s = 0; s < k.S(); ++s)
          sum += pixel(k, x, n, c, p * k.g.stride_h - k.g.top + r, q * k.g.stride_w - k.g.left + s) *
                 w[((o * k.C + c) * k.R() + r) * k.S() + s];
    return sum;
  });
}
double scatter_error(const Convolution& k, const Tensor& y, const Tensor& w, const Tensor& x) {
  return error(x, [&](Index i) {
    const Index v = i % k.W, h = i / k.W % k.H, c = i / k.W / k.H % k.C, n = i / k.W / k.H / k.C;
    double sum = 0;
    for (Index p = 0; p < k.P; ++p)
      for (Index q = 0; q < k.Q; ++q) {
        const Index r = h - p * k.g.stride_h + k.g.top, s = v - q * k.g.stride_w + k.g.left;
        if (r < 0 || r >= k.R() || s < 0 || s >= k.S()) continue;
        for (Index o = 0; o < k.O; ++o)
          sum += double(y[((n * k.O + o) * k.P + p) * k.Q + q]) * w[((o * k.C + c) * k.R() + r) * k.S() + s];
      }
    return sum;
  });
}
double weight_gradient_error(const Convolution& k, const Tensor& x, const Tensor& y, const Tensor& w) {
  return error(w, [&](Index i) {
    const Index s = i % k.S(), r = i / k.S() % k.R(), c = i / k.taps() % k.C, o = i / k.taps() / k.C;
    double sum = 0;
    for (Index n = 0; n < k.N; ++n)
      for (Index p = 0; p < k.P; ++p)
        for (Index q = 0; q < k.Q; ++q)
          sum += pixel(k, x, n, c, p * k.g.stride_h - k.g.top + r, q * k.g.stride_w - k.g.left + s) *
                 y[((n * k.O + o) * k.P + p) * k.Q + q];
    return sum;
  });
}

}  // namespace tapestry::kernels::reference
