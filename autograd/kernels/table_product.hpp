// The table product: the one inner loop under convolutions and matrix products.
//
//   C[c[i] + j] (+)= sum over l of A[a[i] + t[l]] * B[l b_stride + j],      i < rows, j < panel_width, l < depth
//
// B comes in panels, panel_width numbers wide, and is read by vectors. A is only ever broadcast, one number at a time,
// so it can lie anywhere: two lists of offsets say where. For a matrix they are i row_stride and l; for a convolution a
// pixel's place in the padded picture and a tap's place in the window. So im2col becomes two lists of integers, and no
// column matrix is ever written.
//
// Each C[i, j] is summed over l = 0, 1, 2, ... in this order, whatever the number of rows: a row's bits do not depend
// on the rows around it.
#pragma once
#include <Eigen/Core>
#include <vector>

#include "autograd/kernels/scratch.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

using Offsets = std::vector<int>;

// Six rows by four vectors fill 24 of the 32 registers of AVX-512 and NEON; with 16 registers (AVX2, SSE) two vectors.
constexpr int vector_width = Eigen::internal::packet_traits<Real>::size;
constexpr int panel_width = vector_width * (EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 4 : 2);
constexpr int tile_rows = 6;

// All rows sweep over so much of a panel before they go on to more: 32 KB, which stays in the core's first-level cache.
constexpr Index depth_block = 32 * 1024 / (panel_width * sizeof(Real));

inline Index panels(Index columns) { return (columns + panel_width - 1) / panel_width; }

template <int rows>
void table_tile(Index depth, const Real* A, const int* a, const int* t, const Real* B, Index b_stride, Real* C,
                const int* c, bool add) {
  using Row = Eigen::Matrix<Real, panel_width, 1>;
  Eigen::Matrix<Real, panel_width, rows> sum;  // lives in registers, if the loops over its columns are unrolled
  const Real* from[rows];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
    from[i] = A + a[i];
    if (add)
      sum.col(i) = Eigen::Map<const Row>(C + c[i]);
    else
      sum.col(i).setZero();
  }
  for (Index l = 0; l < depth; ++l, B += b_stride) {
    const Eigen::Map<const Row> b(B);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) sum.col(i) += from[i][t[l]] * b;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) Eigen::Map<Row>(C + c[i]) = sum.col(i);
}

// All rows against one panel, in pieces of the depth of about depth_block each.
inline void table_product(Index rows, Index depth, const Real* A, const int* a, const int* t, const Real* B,
                          Index b_stride, Real* C, const int* c, bool add) {
  const Index pieces = std::max<Index>(1, (depth + depth_block / 2) / depth_block);
  for (Index piece = 0; piece < pieces; ++piece, add = true) {
    const Index l = depth * piece / pieces, part = depth * (piece + 1) / pieces - l;
    const Real* const b = B + l * b_stride;
    Index i = 0;
    for (; i + tile_rows <= rows; i += tile_rows)
      table_tile<tile_rows>(part, A, a + i, t + l, b, b_stride, C, c + i, add);
    for (; i + 2 <= rows; i += 2) table_tile<2>(part, A, a + i, t + l, b, b_stride, C, c + i, add);
    if (i < rows) table_tile<1>(part, A, a + i, t + l, b, b_stride, C, c + i, add);
  }
}

// 0, step, 2 step, ...
inline Offsets multiples(Index count, Index step) {
  Offsets offsets(count);
  for (Index i = 0; i < count; ++i) offsets[i] = static_cast<int>(i * step);
  return offsets;
}

}  // namespace tapestry::kernels
