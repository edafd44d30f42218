// A few rows times a transposed matrix, for instance a single sample through a linear layer:
//
//   C[i c_stride + j] = sum over l of A[i a_stride + l] * B[j b_stride + l],      i < rows, j < columns, l < depth
//
// To bring B into panels first would cost more than to multiply it. Instead, squares of it are turned in registers, as
// for a transposition (transpose.hpp), and multiplied there. Lanes belong to columns of C, never to l, and sums are cut
// into pieces of depth_block: each number is summed in the order of table_product, and has the same bits.
#pragma once
#include <type_traits>

#include "autograd/kernels/table_product.hpp"

namespace tapestry::kernels {

constexpr Index most_turned_rows = 4;  // for more, a panel is cheaper

namespace detail {
// Squares of eight, or of a vector if that is less, are the quickest to turn. Two beside each other, if there are
// registers: the additions of one need not wait for those of the other.
using Side = std::conditional_t<(lanes > 8), Eigen::internal::unpacket_traits<Packet>::half, Packet>;
constexpr int side = Eigen::internal::unpacket_traits<Side>::size, most_squares = registers / 16;

template <int rows, int squares>
void turned_columns(Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                    Index c_stride) {
  using namespace Eigen::internal;
  Side sum[squares][rows];
  const auto multiply = [&](Index begin, int first) {  // from `begin` on, but for the first few of a square
#pragma GCC unroll 2
    for (int q = 0; q < squares; ++q) {
      PacketBlock<Side, side> square;  // vector k: number k of each column
#pragma GCC unroll 8
      for (int j = 0; j < side; ++j) square.packet[j] = ploadu<Side>(B + (q * side + j) * b_stride + begin);
      ptranspose(square);
#pragma GCC unroll 8
      for (int k = 0; k < side; ++k)
#pragma GCC unroll 4
        for (int i = 0; i < rows && k >= first; ++i)
          sum[q][i] = pmadd(pset1<Side>(A[i * a_stride + begin + k]), square.packet[k], sum[q][i]);
    }
  };
  for (Index begin = 0; begin < depth; begin += depth_block) {
    const Index end = std::min(begin + depth_block, depth);
    for (auto& of_square : sum)
      for (Side& s : of_square) s = pset1<Side>(Real(0));
    Index l = begin;
    for (; l + side <= end; l += side) multiply(l, 0);
    if (l < end) multiply(end - side, static_cast<int>(l - (end - side)));  // the last square overlaps the one before
    for (int q = 0; q < squares; ++q)
      for (int i = 0; i < rows; ++i) {
        Real* const to = C + i * c_stride + q * side;
        pstoreu(to, begin == 0 ? sum[q][i] : padd(ploadu<Side>(to), sum[q][i]));
      }
  }
}

template <int rows>
void turned_rows(Index columns, Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                 Index c_stride) {
  Index column = 0;
  for (; column + most_squares * side <= columns; column += most_squares * side)
    turned_columns<rows, most_squares>(depth, A, a_stride, B + column * b_stride, b_stride, C + column, c_stride);
  for (; column < columns; column += side) {  // the last one may overlap the one before
    const Index here = std::min<Index>(column, columns - side);
    turned_columns<rows, 1>(depth, A, a_stride, B + here * b_stride, b_stride, C + here, c_stride);
  }
}
}  // namespace detail

// At most most_turned_rows rows; at least as many columns, and as much depth, as a vector has lanes.
inline void turned_product(Index rows, Index columns, Index depth, const Real* A, Index a_stride, const Real* B,
                           Index b_stride, Real* C, Index c_stride) {
  constexpr decltype(&detail::turned_rows<1>) for_rows[most_turned_rows] = {
      detail::turned_rows<1>, detail::turned_rows<2>, detail::turned_rows<3>, detail::turned_rows<4>};
  for_rows[rows - 1](columns, depth, A, a_stride, B, b_stride, C, c_stride);
}

}  // namespace tapestry::kernels
