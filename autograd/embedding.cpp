// Rows of a matrix by number, and the way back: each is the other's rule.
#include "autograd/error.hpp"
#include "autograd/kernels/rows.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"

namespace tapestry {
namespace {

void check_numbers(const char* op, const Tensor& numbers, Index K) {
  for (Index i = 0; i < numbers.size(); ++i)
    if (!(numbers[i] >= 0 && numbers[i] < K && numbers[i] == static_cast<Real>(static_cast<Index>(numbers[i]))))
      fail(op, ": got ", numbers[i], " as the number of a row; expected a whole number from 0 to ", K - 1);
}

}  // namespace

Var embedding(Var weight,
              Tensor numbers) {  // y[i] = w[numbers[i]]     dL/dw[k] = the sum of all g[i] with numbers[i] = k
  if (weight.shape().rank() != 2)
    fail("embedding: got a weight of shape ", weight.shape(), "; expected (K, F), a row for each number");
  const Index K = weight.shape()[0];
  check_numbers("embedding", numbers, K);
  Shape shape = numbers.shape();
  shape.append(weight.shape()[1]);
  const Var n = numbers;
  Var y = kernels::gather_rows(weight.value(), numbers).reshaped(shape);
  return apply("embedding", y, {weight, n},
               {{reads(n), [K](Var g, Var n) { return scatter_rows(g, n.value(), K); }}, {}});
}

Var scatter_rows(Var y, Tensor numbers,
                 Index K) {  // x[k] = the sum of all y[i] with numbers[i] = k     dL/dy[i] = g[numbers[i]]
  const Shape& shape = y.shape();
  if (shape.rank() < 1 || Shape(shape.begin(), shape.end() - 1) != numbers.shape())
    fail("scatter_rows: got rows ", shape, " and numbers ", numbers.shape(), "; expected a number for each row");
  check_numbers("scatter_rows", numbers, K);
  const Var n = numbers;
  Var x = kernels::scatter_rows(y.value().reshaped({numbers.size(), shape[-1]}), numbers, K);
  return apply("scatter_rows", x, {y, n}, {{reads(n), [](Var g, Var n) { return embedding(g, n.value()); }}, {}});
}

}  // namespace tapestry
