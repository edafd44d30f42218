#include "autograd/kernels/matrix.hpp"

#include <algorithm>
#include <vector>

#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/few_rows_product.hpp"
#include "autograd/kernels/matrix_view.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/scratch.hpp"
#include "autograd/kernels/transpose.hpp"

namespace tapestry::kernels {
namespace {

Matrix seen_as(const Tensor& t, bool transposed) {  // the first one, if there are several
  const Matrix m{t.data(), t.shape()[-2], t.shape()[-1], t.shape()[-1], 1};
  return transposed ? m.transposed() : m;
}

// (B..., rows, columns), where the axes B... are those of a and b, broadcast.
Shape product_shape(const Shape& a, const Shape& b, Index rows, Index columns) {
  Shape shape;
  for (int axis = std::max(a.rank(), b.rank()); axis > 2; --axis)
    shape.append(std::max<Index>(axis <= a.rank() ? a[-axis] : 1, axis <= b.rank() ? b[-axis] : 1));
  shape.append(rows);
  shape.append(columns);
  return shape;
}

// Where the operand of each matrix of `result` begins in a tensor of shape `t`.
Beginnings beginnings(const Shape& result, const Shape& t) {
  const Index size = t[-1] * t[-2];
  Beginnings all(result.size() / (result[-1] * result[-2]));
  for (Index i = 0; i < static_cast<Index>(all.size()); ++i) {
    Index place = i, step = 1, matrix = 0;
    for (int axis = 3; axis <= t.rank(); ++axis) {
      if (t[-axis] != 1) matrix += place % result[-axis] * step;
      place /= result[-axis];
      step *= t[-axis];
    }
    all[i] = matrix * size;
  }
  return all;
}

// A task computes a block of the result, of about the same height as the others. It is wider than a panel where vectors
// are short: a large a comes from memory once for each block.
constexpr Index most_rows = 256, column_block = std::max(panel_width, 64);
static_assert(column_block % panel_width == 0);

// C = a b for each pair of matrices, with each sum over k cut into pieces of `chunk` that are added in pairs.
// store(matrix, row, column, rows, width, numbers) takes a block of the result whose rows are column_block apart.
// `to` is where it copies them, matrix after matrix, so that these places can be fetched; or null.
template <class Store>
void product(const Matrix& a, const Beginnings& a_begins, const Matrix& b, const Beginnings& b_begins, Index chunk,
             const Real* to, Store store) {
  const Index depth = a.columns, pieces = (depth + chunk - 1) / chunk;
  const Index pair = chunk <= depth_block ? 2 : 1;  // of every two short pieces, the table product adds the second
  const Index sums = (pieces + pair - 1) / pair, row_blocks = (a.rows + most_rows - 1) / most_rows;
  const Index longest = std::min({chunk, depth_block, depth});  // part of the depth that is summed at a time
  const Offsets row_offsets = multiples(std::min(most_rows, a.rows), a.row_stride);
  const Offsets depth_offsets = multiples(longest, a.column_stride);
  const Offsets result_offsets = multiples(std::min(most_rows, a.rows), column_block);
  const LinesToFetch lines = lines_of_panel<panel_width>(b, longest);
  const Index last_whole = (depth / longest - 1) * longest;  // where the last panel of this length begins
  const Matrix result{to, a.rows, b.columns, b.columns, 1};
  const LinesToFetch lines_of_result = lines_of_panel<panel_width>(result, (a.rows + row_blocks - 1) / row_blocks);
  const Index column_blocks = (b.columns + column_block - 1) / column_block;
  const Index count = static_cast<Index>(a_begins.size()), in_one = column_blocks * row_blocks;
  const double work = double(count) * a.rows * b.columns * depth / 50;  // nanoseconds, roughly
  parallel_for(count * in_one, work, [&](Index task) {
    const Index matrix = task / in_one, block = task % in_one;
    const Index column = block / row_blocks * column_block, of_rows = block % row_blocks;
    const Index row = a.rows * of_rows / row_blocks, rows = a.rows * (of_rows + 1) / row_blocks - row;
    const Real* const a_numbers = a.numbers + a_begins[matrix] + row * a.row_stride;
    const Matrix b_here = b.at(b_begins[matrix]);
    const Index size = rows * column_block, width = std::min(column_block, b.columns - column);
    const Scratch filled(longest * panel_width), c(sums * size);
    for (Index piece = 0; piece < pieces; ++piece) {
      const Index begin = piece * chunk, end = std::min(begin + chunk, depth);
      for (Index k = begin; k < end; k += depth_block)
        for (Index j = 0; j < width; j += panel_width) {
          const Index part = std::min(depth_block, end - k), next = k + part;
          const Panel panel = panel_of<panel_width>(b_here, k, part, column + j, filled);
          const auto multiply = [&](auto ahead) {
            table_product(rows, std::min<Index>(panel_width, width - j), part, a_numbers + k * a.column_stride,
                          row_offsets.data(), depth_offsets.data(), panel.numbers, panel.row_stride,
                          c + piece / pair * size + j, result_offsets.data(), piece % pair == 1 || k > begin,
                          depth_block, ahead);
          };
          const bool whole = width - j >= panel_width;
          // The panel below this one, and before the last one is reached, also the first one of the next columns.
          const Fetch below(b_here.numbers + next * b.row_stride + (column + j) * b.column_stride, lines);
          const Fetch beside(b_here.numbers + (column + column_block + j) * b.column_stride, lines);
          const bool at_end = next == last_whole && row_blocks == 1 && column + 2 * column_block <= b.columns;
          if (to && whole && next == depth)
            multiply(FetchToWrite(to + (matrix * a.rows + row) * b.columns + column + j, lines_of_result));
          else if (whole && next + longest <= depth)
            multiply(FetchInTurn{below, at_end ? beside : below});
          else
            multiply(Nothing{});
        }
    }
    add_in_pairs(c, sums, size);
    store(matrix, row, column, rows, width, c);
  });
}

// The same for a few rows, without panels.
void product_of_few_rows(const Matrix& a, const Beginnings& a_begins, const Matrix& b, const Beginnings& b_begins,
                         const Epilogue& epilogue, Real* result) {
  const bool transposed = b.row_stride == 1;
  const Index most_columns = transposed ? 256 : 1024;  // of a task, which reads long stretches of memory
  const Index M = a.rows, N = b.columns, blocks = (N + most_columns - 1) / most_columns;
  const Index count = static_cast<Index>(a_begins.size());
  parallel_for(count * blocks, double(count) * M * N * a.columns / 10, [&](Index task) {
    const Index matrix = task / blocks, column = N * (task % blocks) / blocks, end = N * (task % blocks + 1) / blocks;
    Real* const to = result + matrix * M * N + column;
    few_rows_product(M, end - column, a.columns, a.numbers + a_begins[matrix], a.row_stride,
                     b.numbers + b_begins[matrix] + column * b.column_stride, transposed,
                     transposed ? b.column_stride : b.row_stride, to, N);
    for (Index i = 0; i < M; ++i) epilogue.of_channels(column, end - column, to + i * N);
  });
}

// What a product costs, in table rows: each panel of b is filled, or fetched from where it lies, and then swept by the
// rows of a, a little slower where the numbers of a row are far apart, and more so where they meet in the same
// lines of the first-level cache.
double cost(const Matrix& a, const Matrix& b) {
  constexpr double filling = 12, fetching = 3, far_apart = 1.1, same_lines = 1.25;
  const double slower = a.column_stride == 1 ? 1 : a.column_stride % page != 0 ? far_apart : same_lines;
  return static_cast<double>(panels(b.columns)) * (a.rows * slower + (in_place(b) ? fetching : filling));
}

constexpr double turning = 1.05;  // what more it costs, about, if results have to be turned

// Is the result so large, and are there so few samples, that it pays to keep pieces of it in registers?
bool few_samples(Index samples, Index chunk, Index M, Index N) {
  return samples <= 512 && chunk <= depth_block && M >= 2 * lanes && N >= 2 * lanes;
}

}  // namespace

Tensor matmul(const Tensor& a, bool a_transposed, const Tensor& b, bool b_transposed, const Epilogue& epilogue,
              Index rows_of_sample) {
  const Matrix A = seen_as(a, a_transposed), B = seen_as(b, b_transposed);
  const Index M = A.rows, N = B.columns, chunk = a_transposed ? chunk_samples * rows_of_sample : A.columns;
  Tensor y = Tensor::uninitialized(product_shape(a.shape(), b.shape(), M, N));
  const Beginnings a_begins = beginnings(y.shape(), a.shape()), b_begins = beginnings(y.shape(), b.shape());
  Real* const all = y.writable();
  if (!a_transposed && B.row_stride == 1 && N < lanes && A.columns >= 8 * lanes)
    product_of_few_columns(A, a_begins, B, b_begins, epilogue, all);
  else if (!a_transposed && M <= few_rows && N >= lanes && A.columns >= lanes)
    product_of_few_rows(A, a_begins, B, b_begins, epilogue, all);
  else if (a_transposed && epilogue.nothing() && few_samples(A.columns, chunk, M, N))
    product_over_samples(A.transposed(), a_begins, B, b_begins, chunk, false, all);
  else if (cost(A, B) <= turning * cost(B.transposed(), A.transposed()))
    product(A, a_begins, B, b_begins, chunk, all,
            [=](Index matrix, Index row, Index column, Index rows, Index width, const Real* c) {
              for (Index i = 0; i < rows; ++i) {
                Real* const to = all + (matrix * M + row + i) * N + column;
                std::copy_n(c + i * column_block, width, to);
                epilogue.of_channels(column, width, to);
              }
            });
  else  // y^T = b^T a^T: the rows that the product sees are columns of y, and its results have to be turned
    product(B.transposed(), b_begins, A.transposed(), a_begins, chunk, nullptr,
            [=](Index matrix, Index row, Index column, Index rows, Index width, Real* c) {
              for (Index i = 0; i < rows; ++i) epilogue.of_channel(row + i, width, c + i * column_block);
              transpose(c, column_block, rows, width, all + matrix * M * N + column * N + row, N);
            });
  if (epilogue.rectifier)
    parallel_for_blocks(M, 8, 0.1 * N, [=](Index i, Index end) { epilogue.note(i, end - i, all + i * N); });
  return y;
}

Tensor add_aTb(Tensor sum, const Tensor& a, const Tensor& b) {
  const Index K = a.shape()[0], M = a.shape()[1], N = b.shape()[1];
  if (!few_samples(K, chunk_samples, M, N)) return add(std::move(sum), matmul(a, true, b, false));
  product_over_samples({a.data(), K, M, M, 1}, {0}, {b.data(), K, N, N, 1}, {0}, chunk_samples, true, sum.writable());
  return sum;
}

namespace reference {
Tensor matmul(const Tensor& a, bool a_transposed, const Tensor& b, bool b_transposed, const Epilogue& epilogue) {
  const Matrix A = seen_as(a, a_transposed), B = seen_as(b, b_transposed);
  Tensor y = Tensor::uninitialized(product_shape(a.shape(), b.shape(), A.rows, B.columns));
  const Beginnings a_begins = beginnings(y.shape(), a.shape()), b_begins = beginnings(y.shape(), b.shape());
  Real* to = y.writable();
  for (std::size_t matrix = 0; matrix < a_begins.size(); ++matrix)
    for (Index i = 0; i < A.rows; ++i)
      for (Index j = 0; j < B.columns; ++j) {
        const Real* const row = A.numbers + a_begins[matrix] + i * A.row_stride;
        const Real* const column = B.numbers + b_begins[matrix] + j * B.column_stride;
        Real sum = 0;
        for (Index k = 0; k < A.columns; ++k) sum += row[k * A.column_stride] * column[k * B.row_stride];
        *to++ = sum + epilogue.bias_of(j);
      }
  epilogue.rectify(0, A.rows, to - y.size());
  return y;
}
}  // namespace reference

}  // namespace tapestry::kernels
