// Matrix products.
#include "autograd/error.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"

namespace tapestry {

// Three forms of one product, so that no transposed copy is ever made; the rules of each are again of these forms.
//   y = a b      dL/da = g b^T    dL/db = a^T g
//   y = a b^T    dL/da = g b      dL/db = g^T a
//   y = a^T b    dL/da = b g^T    dL/db = a g
Var matmul(Var a, Var b, Product form) {
  const bool aT = form == Product::aTb, bT = form == Product::abT;
  if (a.shape().rank() != 2 || b.shape().rank() != 2 || a.shape()[aT ? 0 : 1] != b.shape()[bT ? 1 : 0])
    fail("matmul: got ", a.shape(), aT ? " transposed" : "", " and ", b.shape(), bT ? " transposed" : "",
         "; expected (M, K) and (K, N); transpose() one of them?");
  Var y = kernels::matmul(a.value(), aT, b.value(), bT);
  switch (form) {
    case Product::ab:
      return apply("matmul", y, {a, b},
                   {
                       {reads(b), [](Var g, Var b) { return matmul(g, b, Product::abT); }},
                       {reads(a), [](Var g, Var a) { return matmul(a, g, Product::aTb); }},
                   });
    case Product::abT:
      return apply("matmul abT", y, {a, b},
                   {
                       {reads(b), [](Var g, Var b) { return matmul(g, b); }},
                       {reads(a), [](Var g, Var a) { return matmul(g, a, Product::aTb); }},
                   });
    default:
      return apply("matmul aTb", y, {a, b},
                   {
                       {reads(b), [](Var g, Var b) { return matmul(b, g, Product::abT); }},
                       {reads(a), [](Var g, Var a) { return matmul(a, g); }},
                   });
  }
}

Var linear(Var x, Var w, Var bias) {  // y = x w^T + bias     dL/dx = g w    dL/dw = g^T x    dL/dbias = g, added up
  const Shape &xs = x.shape(), &ws = w.shape(), bs = bias.shape();
  if (xs.rank() != 2 || ws.rank() != 2 || xs[1] != ws[1] || bs != Shape{ws[0]})
    fail("linear: got input ", xs, ", weight ", ws, " and bias ", bs, "; expected (N, in), (out, in) and (out)");
  Var y = kernels::matmul(x.value(), false, w.value(), true, bias.value().data());
  return apply("linear", y, {x, w, bias},
               {
                   {reads(w), [](Var g, Var w) { return matmul(g, w); }},
                   {reads(x), [](Var g, Var x) { return matmul(g, x, Product::aTb); }},
                   [bs](Var g) { return sum_to(g, bs); },
               });
}

}  // namespace tapestry
