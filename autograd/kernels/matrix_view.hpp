// What the kinds of matrix products share: operands as they lie, and panels of them.
#pragma once
#include "autograd/kernels/epilogue.hpp"
#include "autograd/kernels/table_product.hpp"
#include "autograd/kernels/transpose.hpp"

namespace tapestry::kernels {

struct Matrix {  // numbers[i row_stride + j column_stride], one of the strides is 1
  const Real* numbers;
  Index rows, columns, row_stride, column_stride;
  Matrix transposed() const { return {numbers, columns, rows, column_stride, row_stride}; }
  Matrix at(Index begin) const { return {numbers + begin, rows, columns, row_stride, column_stride}; }
};

// Where the operand of each of many matrices begins.
using Beginnings = std::vector<Index>;

// Rows begin ... begin + count - 1 of b and `width` columns from `column`, copied into a panel of that width. Columns
// that are missing in the last vector are zeros; further ones are not written.
template <int width>
void fill_panel(const Matrix& b, Index begin, Index count, Index column, Real* panel) {
  const Index columns = std::min<Index>(width, b.columns - column), filled = in_lanes(columns);
  const Real* const from = b.numbers + begin * b.row_stride + column * b.column_stride;
  if (columns < filled)
    for (Index k = 0; k < count; ++k)
      Eigen::internal::pstoreu(panel + k * width + filled - lanes, Eigen::internal::pset1<Packet>(Real(0)));
  if (columns == 1)  // without a call for each number
    for (Index k = 0; k < count; ++k) panel[k * width] = from[k * b.row_stride];
  else if (b.column_stride != 1)
    transpose(from, b.column_stride, columns, count, panel, width);
  else if (columns == width)  // the same loop, with a length that the compiler knows
    for (Index k = 0; k < count; ++k) std::copy_n(from + k * b.row_stride, width, panel + k * width);
  else
    for (Index k = 0; k < count; ++k) std::copy_n(from + k * b.row_stride, columns, panel + k * width);
}

// Rows of b may be read where they lie, from the second-level cache, if there are 32 registers. With 16, panels are
// half as many vectors wide under tiles of the same six rows, and products lost a twentieth.
inline bool in_place(const Matrix& b) { return registers >= 32 && b.column_stride == 1; }

// A panel as the table product reads it: where it lies, or filled.
struct Panel {
  const Real* numbers;
  Index row_stride;
};
template <int width>
Panel panel_of(const Matrix& b, Index begin, Index count, Index column, Real* to) {
  if (in_place(b) && b.columns - column >= width) return {b.numbers + begin * b.row_stride + column, b.row_stride};
  fill_panel<width>(b, begin, count, column, to);
  return {to, width};
}

// Where the lines of memory lie that `count` rows of such a panel come from, counted from its first number, and in the
// order in which they are read.
template <int width>
LinesToFetch lines_of_panel(const Matrix& b, Index count) {
  const Index columns = std::min<Index>(width, b.columns);
  std::vector<Index> lines;
  if (b.column_stride == 1)
    for (Index k = 0; k < count; ++k)
      for (Index j = 0; j < columns; j += line) lines.push_back(k * b.row_stride + j);
  else
    for (Index j = 0; j < columns; ++j)
      for (Index k = 0; k < count; k += line) lines.push_back(k * b.row_stride + j * b.column_stride);
  return LinesToFetch(std::move(lines));
}

// C = a^T b for each pair of matrices, whose rows are samples of a batch; those of a lie one after another. The sum
// over samples is taken over chunks and in pairs (pairwise_sum.hpp): matrix_over_samples.cpp. With `add`, C is added to
// what the result was before.
void product_over_samples(const Matrix& a, const Beginnings& a_begins, const Matrix& b, const Beginnings& b_begins,
                          Index chunk, bool add, Real* result);

// C = a b and its epilogue for each pair of matrices; rows of a and columns of b lie one after another, and columns are
// so few that they would not fill a vector: matrix_few_columns.cpp.
void product_of_few_columns(const Matrix& a, const Beginnings& a_begins, const Matrix& b, const Beginnings& b_begins,
                            const Epilogue& epilogue, Real* result);

}  // namespace tapestry::kernels
