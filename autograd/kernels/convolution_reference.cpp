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

Tensor filled_with_bias(const Epilogue& epilogue, Shape shape) {
  Tensor t = Tensor::uninitialized(shape);
  const Index area = shape[2] * shape[3];
  Real* const to = t.writable();
  for (Index i = 0; i < t.size(); ++i) to[i] = epilogue.bias_of(i / area % shape[1]);
  return t;
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  Tensor y = filled_with_bias(epilogue, k.small());
  Real* const to = y.writable();
  each_product(k, [&](Index i, Index j, Index o) { to[o] += x[i] * w[j]; });
  epilogue.rectify(0, k.N, to);
  return y;
}
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  Tensor x = filled_with_bias(epilogue, k.big());
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

}  // namespace tapestry::kernels::reference
