// Fewer columns than a vector has lanes, and deep: the last layer of a discriminator above all, 6272-1. Panels would be
// nearly empty, so here lanes belong to the depth, and each number of the result is a dot product (dot_tile.hpp).
#include "autograd/kernels/dot_tile.hpp"
#include "autograd/kernels/matrix_view.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

constexpr int rows_of_tile = 4, columns_of_tile = registers / 8;

struct Lines {  // of numbers one after another: rows of a, or columns of b
  const Real* first;
  Index apart;
};

template <int rows, int columns>
void dot_products(const Lines& a, const Lines& b, Index depth, Real* to, Index to_stride) {
  DotTile<rows, columns> tile;
  const auto add = [&](auto load) {
    tile.add([&](int row) { return load(a.first + row * a.apart); },
             [&](int column) { return load(b.first + column * b.apart); });
  };
  const Index whole = depth / lanes * lanes;
  for (Index l = 0; l < whole; l += lanes)
    add([l](const Real* line) { return Eigen::internal::ploadu<Packet>(line + l); });
  if (whole < depth)
    add([=](const Real* line) {
      alignas(64) Real rest[lanes] = {};
      std::copy_n(line + whole, depth - whole, rest);
      return Eigen::internal::pload<Packet>(rest);
    });
  tile.store(to, to_stride, false);
}

}  // namespace

void product_of_few_columns(const Matrix& a, const Beginnings& a_begins, const Matrix& b, const Beginnings& b_begins,
                            const Epilogue& epilogue, Real* result) {
  static constexpr auto tile = []<int... i>(std::integer_sequence<int, i...>) {
    return std::array{&dot_products<i / columns_of_tile + 1, i % columns_of_tile + 1>...};
  }
  (std::make_integer_sequence<int, rows_of_tile * columns_of_tile>());
  const Index M = a.rows, N = b.columns, depth = a.columns;
  for (std::size_t matrix = 0; matrix < a_begins.size(); ++matrix)
    parallel_for_blocks(M, rows_of_tile, 0.05 * N * depth, [&](Index row, Index end) {
      for (Index column = 0; column < N; column += columns_of_tile) {
        const Index columns = std::min<Index>(columns_of_tile, N - column);
        tile[(end - row - 1) * columns_of_tile + columns - 1](
            {a.numbers + a_begins[matrix] + row * a.row_stride, a.row_stride},
            {b.numbers + b_begins[matrix] + column * b.column_stride, b.column_stride}, depth,
            result + (matrix * M + row) * N + column, N);
      }
      for (Index i = row; i < end; ++i) epilogue.of_channels(0, N, result + (matrix * M + i) * N);
    });
}

}  // namespace tapestry::kernels
