// A few rows times a transposed matrix, for instance a single sample through a linear layer:
//
//   C[i c_stride + j] = sum over l of A[i a_stride + l] * B[j b_stride + l],      i < rows, j < columns, l < depth
//
// To bring B into panels first would cost more than to multiply it. Instead, squares of it are turned in registers, as
// for a transposition (transpose.hpp), and multiplied there. Lanes belong to columns of C, never to l, and sums are cut
// into pieces of depth_block: each number is summed in the order of table_product, and has the same bits.
#pragma once
#include "autograd/kernels/table_product.hpp"

namespace tapestry::kernels {

constexpr Index most_turned_rows = 4;  // for more, a panel is cheaper

namespace detail {
template <int rows>
void turned_rows(Index columns, Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                 Index c_stride) {
  using namespace Eigen::internal;
  PacketBlock<Packet, lanes> square;  // vector k: number k of each of `lanes` columns
  Packet sum[rows];
  const auto turn = [&](const Real* from) {
#pragma GCC unroll 16
    for (int j = 0; j < lanes; ++j) square.packet[j] = ploadu<Packet>(from + j * b_stride);
    ptranspose(square);
  };
  const auto multiply = [&](int k, Index l) {
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) sum[i] = pmadd(pset1<Packet>(A[i * a_stride + l]), square.packet[k], sum[i]);
  };
  for (Index column = 0;; column = std::min(column + lanes, columns - lanes)) {  // the last may overlap the one before
    const Real* const from = B + column * b_stride;
    for (Index l = 0; l < depth;) {
      const Index begin = l, end = std::min(l + depth_block, depth);
      for (Packet& s : sum) s = pset1<Packet>(Real(0));
      for (; l + lanes <= end; l += lanes) {
        turn(from + l);
#pragma GCC unroll 16
        for (int k = 0; k < lanes; ++k) multiply(k, l + k);
      }
      if (l < end) {
        const Index before = end - lanes;
        turn(from + before);
        for (; l < end; ++l) multiply(static_cast<int>(l - before), l);
      }
      for (int i = 0; i < rows; ++i) {
        Real* const to = C + i * c_stride + column;
        pstoreu(to, begin == 0 ? sum[i] : padd(ploadu<Packet>(to), sum[i]));
      }
    }
    if (column == columns - lanes) return;
  }
}
}  // namespace detail

// At most most_turned_rows rows; at least `lanes` columns and as much depth.
inline void turned_product(Index rows, Index columns, Index depth, const Real* A, Index a_stride, const Real* B,
                           Index b_stride, Real* C, Index c_stride) {
  constexpr decltype(&detail::turned_rows<1>) for_rows[most_turned_rows] = {
      detail::turned_rows<1>, detail::turned_rows<2>, detail::turned_rows<3>, detail::turned_rows<4>};
  for_rows[rows - 1](columns, depth, A, a_stride, B, b_stride, C, c_stride);
}

}  // namespace tapestry::kernels
