// A few rows times a matrix, for instance a single sample through a linear layer:
//
//   C[i c_stride + j] = sum over l of A[i a_stride + l] * B(l, j),      i < rows, j < columns, l < depth
//
// To bring B into panels first would cost more than to multiply it, so it is read where it lies. Lanes belong to
// columns of C, never to l, and sums are cut into pieces of depth_block, as matrix.cpp cuts them for many rows: each
// number is summed in the same order, and has the same bits.
#pragma once
#include <algorithm>
#include <type_traits>
#include <utility>

#include "autograd/kernels/scratch.hpp"
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

// B(l, j) = B[j b_stride + l]: columns of B are turned in registers, as many as a vector of `side` lanes can hold, and
// of each a `quad` at a time. Vectors of eight are the quickest to turn.
using Side = std::conditional_t<(lanes > 8), Eigen::internal::unpacket_traits<Packet>::half, Packet>;
constexpr int side = Eigen::internal::unpacket_traits<Side>::size, quad = std::min(side, 4);

// A quad of one column and, where two fit into a vector, one of another.
template <int... lane>
Side joined(const Real* low, const Real* high, std::integer_sequence<int, lane...>) {
  using namespace Eigen::internal;
  using Half = unpacket_traits<Side>::half;
  if constexpr (side == quad)
    return ploadu<Side>(low);
  else
    return __builtin_shufflevector(ploadu<Half>(low), ploadu<Half>(high), lane...);
}
// Of each group of a quad's lanes the first or second half: those of a and b in turn.
template <int half, int... lane>
Side zipped(Side a, Side b, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(a, b, (lane % 2 * side + lane / quad * quad + half * (quad / 2) + lane % quad / 2)...);
}

// Vector k of the strip: number k of each of `side` columns of B. Zipped as often as two goes into a quad, rows become
// columns. Letters are columns:
//
//   a0 a1 a2 a3                    a0 c0 a1 c1                         a0 b0 c0 d0
//   b0 b1 b2 b3   0, 1 with 2, 3   a2 c2 a3 c3   once more the same    a1 b1 c1 d1
//   c0 c1 c2 c3                    b0 d0 b1 d1                         a2 b2 c2 d2
//   d0 d1 d2 d3                    b2 d2 b3 d3                         a3 b3 c3 d3
struct Strip {
  Side of[quad];
};
inline Strip turned_strip(const Real* B, Index b_stride) {
  constexpr auto each_lane = std::make_integer_sequence<int, side>();
  Strip strip;
#pragma GCC unroll 4
  for (int i = 0; i < quad; ++i) strip.of[i] = joined(B + i * b_stride, B + (i + side - quad) * b_stride, each_lane);
#pragma GCC unroll 2
  for (int zips = 1; zips < quad; zips *= 2) {
    const Strip before = strip;
#pragma GCC unroll 2
    for (int i = 0; i < quad / 2; ++i) {
      strip.of[2 * i] = zipped<0>(before.of[i], before.of[i + quad / 2], each_lane);
      strip.of[2 * i + 1] = zipped<1>(before.of[i], before.of[i + quad / 2], each_lane);
    }
  }
  return strip;
}

// Strips beside each other, or pieces of the depth below each other: the additions of one need not wait for those of
// the other. From `begin` to the end of the depth; pieces that are left over are summed one by one.
template <int rows, int strips, int pieces>
void turned_columns(Index begin, Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                    Index c_stride) {
  using namespace Eigen::internal;
  Side sum[pieces][strips][rows];
  const auto each_sum = [](auto f) {
#pragma GCC unroll 2
    for (int p = 0; p < pieces; ++p)
#pragma GCC unroll 2
      for (int s = 0; s < strips; ++s)
#pragma GCC unroll 4
        for (int i = 0; i < rows; ++i) f(p, s, i);
  };
  // A quad from l on, without its first few numbers. Inlined, so that the sums stay in registers.
  const auto multiply = [&](Index l, int first) __attribute__((always_inline)) {
    Strip strip[pieces][strips];
#pragma GCC unroll 2
    for (int p = 0; p < pieces; ++p)
#pragma GCC unroll 2
      for (int s = 0; s < strips; ++s)
        strip[p][s] = turned_strip(B + s * side * b_stride + p * depth_block + l, b_stride);
#pragma GCC unroll 4
    for (int k = 0; k < quad; ++k)
      if (k >= first)
        each_sum([&](int p, int s, int i) {
          const Side a = pset1<Side>(A[i * a_stride + p * depth_block + l + k]);
          sum[p][s][i] = pmadd(a, strip[p][s].of[k], sum[p][s][i]);
        });
  };
  for (; begin < depth && (pieces == 1 || begin + pieces * depth_block <= depth); begin += pieces * depth_block) {
    const Index end = std::min(begin + depth_block, depth);
    each_sum([&](int p, int s, int i) { sum[p][s][i] = pset1<Side>(Real(0)); });
    Index l = begin;
    for (; l + quad <= end; l += quad) multiply(l, 0);
    if (l < end) multiply(end - quad, static_cast<int>(l - (end - quad)));  // it overlaps the quad before
    each_sum([&](int p, int s, int i) {
      Real* const to = C + i * c_stride + s * side;
      pstoreu(to, begin == 0 && p == 0 ? sum[p][s][i] : padd(ploadu<Side>(to), sum[p][s][i]));
    });
  }
  if constexpr (pieces > 1) turned_columns<rows, strips, 1>(begin, depth, A, a_stride, B, b_stride, C, c_stride);
}

template <int rows>
void turned_rows(Index columns, Index depth, const Real* A, Index a_stride, const Real* B, Index b_stride, Real* C,
                 Index c_stride) {
  // Lines a multiple of a page apart fall into the same set of the first-level cache, which holds eight of them: more
  // columns would drive each other out before they are read to the end.
  const bool two = 2 * side <= 8 || b_stride % page != 0;
  Index column = 0;
  for (; two && column + 2 * side <= columns; column += 2 * side)
    turned_columns<rows, 2, 1>(0, depth, A, a_stride, B + column * b_stride, b_stride, C + column, c_stride);
  for (; column < columns; column += side) {
    const Index here = std::min<Index>(column, columns - side);  // the last strip may overlap the one before
    turned_columns<rows, 1, 2>(0, depth, A, a_stride, B + here * b_stride, b_stride, C + here, c_stride);
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
