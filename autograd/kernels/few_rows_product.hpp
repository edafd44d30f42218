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
// B(l, j) = B[l b_stride + j]: a few rows of B at a time, from one end to the other, as memory likes it. So sums cannot
// stay in registers: vector v of row i has its place in `sums`. The last vector may overlap the one before it.
template <int rows, int together>
void add_straight(Index columns, const Real* A, Index a_stride, const Real* B, Index b_stride, bool first, Real* sums) {
  using namespace Eigen::internal;
  Packet a[rows][together];
  for (int i = 0; i < rows; ++i)
    for (int l = 0; l < together; ++l) a[i][l] = pset1<Packet>(A[i * a_stride + l]);
  for (Index column = 0; column < columns; column += lanes, sums += rows * lanes) {
    const Real* const from = B + std::min(column, columns - lanes);
    Packet sum[rows];
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) sum[i] = first ? pset1<Packet>(Real(0)) : ploadu<Packet>(sums + i * lanes);
#pragma GCC unroll 8
    for (int l = 0; l < together; ++l)
#pragma GCC unroll 4
      for (int i = 0; i < rows; ++i) sum[i] = pmadd(a[i][l], ploadu<Packet>(from + l * b_stride), sum[i]);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) pstoreu(sums + i * lanes, sum[i]);
  }
}

template <int rows>
void straight_rows(Index columns, Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                   Index c_stride) {
  using namespace Eigen::internal;
  constexpr int together = 8 * rows <= registers / 2 ? 8 : 4;
  const Index size = rows * in_lanes(columns);
  const Scratch total(size), piece(size);
  for (Index begin = 0; begin < depth; begin += depth_block) {
    const Index end = std::min(begin + depth_block, depth);
    Real* const sums = begin == 0 ? total : piece;
    Index l = begin;
    for (; l + together <= end; l += together)
      add_straight<rows, together>(columns, A + l, a_stride, B + l * b_stride, b_stride, l == begin, sums);
    for (; l < end; ++l) add_straight<rows, 1>(columns, A + l, a_stride, B + l * b_stride, b_stride, l == begin, sums);
    for (Index i = 0; begin > 0 && i < size; ++i) total[i] += piece[i];
  }
  for (Index column = 0, place = 0; column < columns; column += lanes)
    for (int i = 0; i < rows; ++i, place += lanes)
      pstoreu(C + i * c_stride + std::min(column, columns - lanes), ploadu<Packet>(total + place));
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
  const auto multiply = [&](int q, Index begin, int first) {  // from `begin` on, but for the first few of a square
    PacketBlock<Side, side> square;                           // vector k: number k of each column
#pragma GCC unroll 8
    for (int j = 0; j < side; ++j) square.packet[j] = ploadu<Side>(B + (q * side + j) * b_stride + begin);
    ptranspose(square);
#pragma GCC unroll 8
    for (int k = 0; k < side; ++k)
#pragma GCC unroll 4
      for (int i = 0; i < rows && k >= first; ++i)
        sum[q][i] = pmadd(pset1<Side>(A[i * a_stride + begin + k]), square.packet[k], sum[q][i]);
  };
  const auto multiply_all = [&](Index begin, int first) {
    for (int q = 0; q < squares; ++q) multiply(q, begin, first);
  };
  for (Index begin = 0; begin < depth; begin += depth_block) {
    const Index end = std::min(begin + depth_block, depth);
    for (auto& of_square : sum)
      for (Side& s : of_square) s = pset1<Side>(Real(0));
    Index l = begin;
    for (; l + line <= end; l += line)  // whole lines of memory: columns may drive each other out of the cache
      for (int q = 0; q < squares; ++q)
        for (int of_line = 0; of_line < line; of_line += side) multiply(q, l + of_line, 0);
    for (; l + side <= end; l += side) multiply_all(l, 0);
    if (l < end) multiply_all(end - side, static_cast<int>(l - (end - side)));  // it overlaps the square before
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
  constexpr Index wide = most_squares * side;
  Index column = 0;
  for (; column + wide <= columns; column += wide)
    turned_columns<rows, most_squares>(depth, A, a_stride, B + column * b_stride, b_stride, C + column, c_stride);
  for (; column < columns; column += side) {
    const Index here = std::min<Index>(column, columns - side);  // the last square may overlap the one before
    turned_columns<rows, 1>(depth, A, a_stride, B + here * b_stride, b_stride, C + here, c_stride);
  }
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
