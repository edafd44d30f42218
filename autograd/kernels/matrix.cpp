#include "autograd/kernels/matrix.hpp"

#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/table_product.hpp"
#include "autograd/kernels/transpose.hpp"

namespace tapestry::kernels {
namespace {

struct Matrix {  // numbers[i row_stride + j column_stride], one of the strides is 1
  const Real* numbers;
  Index rows, columns, row_stride, column_stride;
  Matrix transposed() const { return {numbers, columns, rows, column_stride, row_stride}; }
};
Matrix seen_as(const Tensor& t, bool transposed) {
  const Matrix m{t.data(), t.shape()[0], t.shape()[1], t.shape()[1], 1};
  return transposed ? m.transposed() : m;
}

// Rows begin ... begin + count - 1 of b and panel_width columns from `column`, copied into a panel; missing columns are
// zeros.
void fill_panel(const Matrix& b, Index begin, Index count, Index column, Real* panel) {
  const Index width = std::min<Index>(panel_width, b.columns - column);
  if (width < panel_width) std::fill_n(panel, count * panel_width, Real(0));
  const Real* const from = b.numbers + begin * b.row_stride + column * b.column_stride;
  if (b.column_stride == 1)
    for (Index k = 0; k < count; ++k) std::copy_n(from + k * b.row_stride, width, panel + k * panel_width);
  else
    transpose(from, b.column_stride, width, count, panel, panel_width);
}

constexpr Index row_block = 240;  // rows of the result that one task computes against one panel

// C = a b, with each sum over k cut into pieces of `chunk` that are added in pairs. store(row, column, rows, width,
// numbers) takes a block of the result whose rows are panel_width apart.
template <class Store>
void product(const Matrix& a, const Matrix& b, Index chunk, Store store) {
  const Index depth = a.columns, pieces = (depth + chunk - 1) / chunk,
              row_blocks = (a.rows + row_block - 1) / row_block;
  const Offsets row_offsets = multiples(std::min(row_block, a.rows), a.row_stride);
  const Offsets depth_offsets = multiples(std::min(chunk, depth), a.column_stride);
  const Offsets result_offsets = multiples(std::min(row_block, a.rows), panel_width);
  const double work = double(a.rows) * b.columns * depth / 50;  // nanoseconds, roughly
  parallel_for(panels(b.columns) * row_blocks, work, [&](Index task) {
    const Index column = task / row_blocks * panel_width, row = task % row_blocks * row_block;
    const Index rows = std::min(row_block, a.rows - row), size = rows * panel_width;
    const Scratch panel(std::min({chunk, depth_block, depth}) * panel_width), c(pieces * size);
    for (Index piece = 0; piece < pieces; ++piece) {
      const Index begin = piece * chunk, end = std::min(begin + chunk, depth);
      for (Index k = begin; k < end; k += depth_block) {
        const Index count = std::min(depth_block, end - k);
        fill_panel(b, k, count, column, panel);
        table_product(rows, count, a.numbers + row * a.row_stride + k * a.column_stride, row_offsets.data(),
                      depth_offsets.data(), panel, panel_width, c + piece * size, result_offsets.data(), k > begin);
      }
    }
    add_in_pairs(c, pieces, size);
    store(row, column, rows, std::min<Index>(panel_width, b.columns - column), c);
  });
}

// What a product costs, in table rows: each panel of b is filled once and then swept by all rows of a.
Index cost(const Matrix& a, const Matrix& b) {
  constexpr Index filling = 12;
  return panels(b.columns) * (a.rows + filling);
}

}  // namespace

Tensor matmul(const Tensor& a, bool a_transposed, const Tensor& b, bool b_transposed, const Real* bias) {
  const Matrix A = seen_as(a, a_transposed), B = seen_as(b, b_transposed);
  const Index M = A.rows, N = B.columns, chunk = a_transposed ? chunk_samples : A.columns;
  Tensor y = Tensor::uninitialized({M, N});
  Real* const to = y.writable();
  if (cost(A, B) <= cost(B.transposed(), A.transposed()))
    product(A, B, chunk, [=](Index row, Index column, Index rows, Index width, const Real* c) {
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < width; ++j)
          to[(row + i) * N + column + j] = c[i * panel_width + j] + (bias ? bias[column + j] : Real(0));
    });
  else  // y^T = b^T a^T: the rows that the product sees are columns of y
    product(B.transposed(), A.transposed(), chunk, [=](Index row, Index column, Index rows, Index width, Real* c) {
      if (bias)
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < width; ++j) c[i * panel_width + j] += bias[row + i];
      transpose(c, panel_width, rows, width, to + column * N + row, N);
    });
  return y;
}

Tensor transpose(const Tensor& x) {
  const Index M = x.shape()[0], N = x.shape()[1];
  Tensor y = Tensor::uninitialized({N, M});
  Real* const to = y.writable();
  parallel_for_blocks(M, 64, 0.5 * N, [&](Index begin, Index end) {
    transpose(x.data() + begin * N, N, end - begin, N, to + begin, M);
  });
  return y;
}

namespace reference {
Tensor matmul(const Tensor& a, bool a_transposed, const Tensor& b, bool b_transposed, const Real* bias) {
  const Matrix A = seen_as(a, a_transposed), B = seen_as(b, b_transposed);
  Tensor y = Tensor::uninitialized({A.rows, B.columns});
  Real* to = y.writable();
  for (Index i = 0; i < A.rows; ++i)
    for (Index j = 0; j < B.columns; ++j) {
      Real sum = 0;
      for (Index k = 0; k < A.columns; ++k)
        sum += A.numbers[i * A.row_stride + k * A.column_stride] * B.numbers[k * B.row_stride + j * B.column_stride];
      *to++ = sum + (bias ? bias[j] : Real(0));
    }
  return y;
}
}  // namespace reference

}  // namespace tapestry::kernels
