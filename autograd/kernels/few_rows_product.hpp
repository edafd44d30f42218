// A few rows times a matrix, for instance a single sample through a linear layer:
//
//   C[i c_stride + j] = sum over l of A[i a_stride + l] * B(l, j),      i < rows, j < columns, l < depth
//
// To bring B into panels first would cost more than to multiply it, so it is read where it lies. Lanes belong to
// columns of C, never to l, and sums are cut into pieces of depth_block: each number is summed in the order of
// table_product, and has the same bits.
#pragma once
#include <type_traits>

#include "autograd/kernels/table_product.hpp"

namespace tapestry::kernels {

constexpr Index few_rows = 4;  // for more, a panel is cheaper

namespace detail {
// B(l, j) = B[l b_stride + j]: as many vectors of a row at a time as there are registers for sums.
template <int rows, int vectors>
void straight_columns(Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                      Index c_stride) {
  using namespace Eigen::internal;
  for (Index begin = 0; begin < depth; begin += depth_block) {
    const Index end = std::min(begin + depth_block, depth);
    Packet sum[rows][vectors];
    for (auto& row : sum)
      for (Packet& s : row) s = pset1<Packet>(Real(0));
    for (Index l = begin; l < end; ++l)
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) {
        const Packet b = ploadu<Packet>(B + l * b_stride + v * lanes);
#pragma GCC unroll 4
        for (int i = 0; i < rows; ++i) sum[i][v] = pmadd(pset1<Packet>(A[i * a_stride + l]), b, sum[i][v]);
      }
    for (int i = 0; i < rows; ++i)
      for (int v = 0; v < vectors; ++v) {
        Real* const to = C + i * c_stride + v * lanes;
        pstoreu(to, begin == 0 ? sum[i][v] : padd(ploadu<Packet>(to), sum[i][v]));
      }
  }
}

// B(l, j) = B[j b_stride + l]: squares of B are turned in registers, as for a transposition (transpose.hpp). Squares of
// eight, or of a vector if that is less, are the quickest to turn; two beside each other, if there are registers: the
// additions of one need not wait for those of the other.
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

// All columns: `wide` of them at a time as long as they last, then `narrow`; the last may overlap the ones before.
using Columns = void (*)(Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                         Index c_stride);
struct Step {
  Index columns;
  Columns multiply;
};
inline void each_step(Step wide, Step narrow, Index columns, Index depth, const Real* A, Index a_stride, const Real* B,
                      Index b_stride, Index column_stride, Real* C, Index c_stride) {
  Index column = 0;
  for (; column + wide.columns <= columns; column += wide.columns)
    wide.multiply(depth, A, a_stride, B + column * column_stride, b_stride, C + column, c_stride);
  for (; column < columns; column += narrow.columns) {
    const Index here = std::min(column, columns - narrow.columns);
    narrow.multiply(depth, A, a_stride, B + here * column_stride, b_stride, C + here, c_stride);
  }
}
template <int rows>
void straight_rows(Index columns, Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                   Index c_stride) {
  constexpr int vectors = registers / 2 / rows;
  each_step({vectors * lanes, straight_columns<rows, vectors>}, {lanes, straight_columns<rows, 1>}, columns, depth, A,
            a_stride, B, b_stride, 1, C, c_stride);
}
template <int rows>
void turned_rows(Index columns, Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                 Index c_stride) {
  each_step({most_squares * side, turned_columns<rows, most_squares>}, {side, turned_columns<rows, 1>}, columns, depth,
            A, a_stride, B, b_stride, b_stride, C, c_stride);
}
}  // namespace detail

// At most few_rows rows; at least as many columns, and as much depth, as a vector has lanes.
inline void few_rows_product(Index rows, Index columns, Index depth, const Real* A, Index a_stride, const Real* B,
                             bool transposed, Index b_stride, Real* C, Index c_stride) {
  using namespace detail;
  constexpr decltype(&straight_rows<1>) straight[few_rows] = {straight_rows<1>, straight_rows<2>, straight_rows<3>,
                                                              straight_rows<4>};
  constexpr decltype(&turned_rows<1>) turned[few_rows] = {turned_rows<1>, turned_rows<2>, turned_rows<3>,
                                                          turned_rows<4>};
  (transposed ? turned : straight)[rows - 1](columns, depth, A, a_stride, B, b_stride, C, c_stride);
}

}  // namespace tapestry::kernels
