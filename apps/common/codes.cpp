#include "apps/common/codes.hpp"

#include <algorithm>

#include "autograd/losses.hpp"

namespace tapestry {

Tensor Codes::draw(Index count, Random random, Index first) const {
  Vars parts;
  if (categorical) {
    Tensor one_hot({count, categorical}, 0);
    Real* const to = one_hot.writable();
    for (Index n = 0; n < count; ++n) to[n * categorical + random("category").below(categorical, first + n)] = 1;
    parts.push_back(one_hot);
  }
  if (continuous) parts.push_back(random("numbers").uniform({count, continuous}, -1, 1, first));
  return concat(parts, 1).value();
}

Tensor Codes::tour(const Tensor& variants, Index columns) const {
  const Index count = variants.shape()[0], length = variants.shape()[1], first = length - size();
  Tensor all = Tensor::uninitialized({tour_rows(count) * columns, length});
  Real* to = all.writable();
  for (Index code = categorical > 0 ? -1 : 0; code < continuous; ++code)  // -1: the category
    for (Index v = 0; v < count; ++v)
      for (Index column = 0; column < columns; ++column, to += length) {
        std::copy_n(variants.data() + v * length, length, to);
        if (code < 0)
          for (Index k = 0; k < categorical; ++k) to[first + k] = k == column % categorical;
        else
          to[first + categorical + code] = columns > 1 ? Real(4) * column / (columns - 1) - 2 : Real(0);
      }
  return all;
}

Var Codes::loss(const Var& found, const Tensor& codes) const {
  Var sum = Tensor({}, 0);
  if (categorical) {
    const Var logits = slice(found, 1, 0, categorical), wanted = slice(codes, 1, 0, categorical);
    sum = sum + softmax_cross_entropy(logits, wanted.value());
  }
  if (continuous) {
    const Var numbers = slice(found, 1, categorical, size()), wanted = slice(codes, 1, categorical, size());
    sum = sum + mean_squared_error(numbers, wanted) * Real(0.5);
  }
  return sum * static_cast<Real>(weight);
}

}  // namespace tapestry
