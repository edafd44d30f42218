// Matrix products.
#include "autograd/error.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/ops.hpp"
#include "autograd/rectified.hpp"
#include "autograd/rule.hpp"

namespace tapestry {

namespace {

// The axes that count matrices.
Shape leading(const Shape& shape) { return Shape(shape.begin(), shape.end() - 2); }

void check_product(const Shape& a, bool aT, const Shape& b, bool bT) {
  if (a.rank() < 2 || b.rank() < 2 || a[aT ? -2 : -1] != b[bT ? -1 : -2])
    fail("matmul: got ", a, aT ? " transposed" : "", " and ", b, bT ? " transposed" : "",
         "; expected (M, K) and (K, N); transpose() one of them?");
  broadcast_shape("matmul, leading axes", leading(a), leading(b));
}

// One b for all matrices of a: then they are one tall matrix, (B..., M, K) -> (B M, K).
Var matmul_stacked(Var a, Var b, Product form) {
  Shape shape = a.shape();
  Var y = matmul(reshape(std::move(a), {shape.size() / shape[-1], shape[-1]}), std::move(b), form);
  return reshape(y, shape.with(-1, y.shape()[1]));
}

}  // namespace

// Three forms of one product, so that no transposed copy is ever made; the rules of each are again of these forms.
//   y = a b      dL/da = g b^T    dL/db = a^T g
//   y = a b^T    dL/da = g b      dL/db = g^T a
//   y = a^T b    dL/da = b g^T    dL/db = a g
// Where a matrix was broadcast, its gradient is added up.
Var matmul(Var a, Var b, Product form) {
  const Shape as = a.shape(), bs = b.shape();
  const bool aT = form == Product::aTb, bT = form == Product::abT;
  check_product(as, aT, bs, bT);
  if (as.rank() > 2 && bs.rank() == 2 && !aT) return matmul_stacked(std::move(a), std::move(b), form);
  Var y = kernels::matmul(a.value(), aT, b.value(), bT);
  switch (form) {
    case Product::ab:
      return apply("matmul", y, {a, b},
                   {
                       {reads(b), [as](Var g, Var b) { return sum_to(matmul(g, b, Product::abT), as); }},
                       {reads(a), [bs](Var g, Var a) { return sum_to(matmul(a, g, Product::aTb), bs); }},
                   });
    case Product::abT:
      return apply("matmul abT", y, {a, b},
                   {
                       {reads(b), [as](Var g, Var b) { return sum_to(matmul(g, b), as); }},
                       {reads(a), [bs](Var g, Var a) { return sum_to(matmul(g, a, Product::aTb), bs); }},
                   });
    default:
      return apply("matmul aTb", y, {a, b},
                   {
                       {reads(b), [as](Var g, Var b) { return sum_to(matmul(b, g, Product::abT), as); }},
                       {reads(a), [bs](Var g, Var a) { return sum_to(matmul(a, g), bs); }},
                   });
  }
}

// y = x w^T + bias     dL/dx = g w    dL/dw = g^T x    dL/dbias = g, added up
Var linear(Var x, Var w, Var bias, Real slope) {
  const Shape &xs = x.shape(), &ws = w.shape(), bs = bias.shape();
  if (xs.rank() != 2 || ws.rank() != 2 || xs[1] != ws[1] || bs != Shape{ws[0]})
    fail("linear: got input ", xs, ", weight ", ws, " and bias ", bs, "; expected (N, in), (out, in) and (out)");
  const Rectified rectified("linear", slope, {xs[0], ws[0]}, {x, w, bias});
  Var y = kernels::matmul(x.value(), false, w.value(), true, {bias.value().data(), rectified.in_kernel()});
  y = apply("linear", y, {x, w, bias},
            {
                {reads(w), [](Var g, Var w) { return matmul(g, w); }},
                {reads(x), [](Var g, Var x) { return matmul(g, x, Product::aTb); },
                 [](Tensor sum, Tensor g, Tensor x) { return kernels::add_aTb(std::move(sum), g, x); }},
                [bs](Var g) { return sum_to(g, bs); },
            });
  return rectified(std::move(y));
}

}  // namespace tapestry
