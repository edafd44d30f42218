// Transposition of a matrix that is part of larger ones.
#pragma once
#include <Eigen/Core>
#include <algorithm>

#include "autograd/tensor.hpp"

namespace tapestry::kernels {

namespace detail {
// Squares of n x n numbers, n the width of a vector: rows in registers, exchanged there, written as columns. The last
// square of a row or column overlaps the one before it: cheaper than a loop over odd numbers. They follow one another
// along the longer side: memory is better at a few long streams than at many short ones. `besides` is told of each
// vector that is read.
template <class Packet, class From, class To, class Besides>
void transpose_in_squares(Index rows, Index columns, From from, To to, Besides besides) {
  constexpr Index n = Eigen::internal::unpacket_traits<Packet>::size;
  const bool tall = rows > columns;
  const Index across = std::min(rows, columns) - n, along = std::max(rows, columns) - n;  // where the last ones begin
  for (Index a = 0;; a = std::min(a + n, across)) {
    for (Index b = 0;; b = std::min(b + n, along)) {
      const Index i = tall ? b : a, j = tall ? a : b;
      Eigen::internal::PacketBlock<Packet, n> square;
      for (int k = 0; k < n; ++k) {
        const Real* const row = from(i + k) + j;
        besides(row);
        square.packet[k] = Eigen::internal::ploadu<Packet>(row);
      }
      Eigen::internal::ptranspose(square);
      for (int k = 0; k < n; ++k) Eigen::internal::pstoreu(to(j + k) + i, square.packet[k]);
      if (b == along) break;
    }
    if (a == across) break;
  }
}
}  // namespace detail

// to(j)[i] = from(i)[j]: `from` gives the place of a row, `to` that of a column.
template <class From, class To, class Besides>
void transpose_rows(Index rows, Index columns, From from, To to, Besides besides) {
  using Wide = Eigen::internal::packet_traits<Real>::type;
  using Half = Eigen::internal::unpacket_traits<Wide>::half;
  using Quarter = Eigen::internal::unpacket_traits<Half>::half;
  const Index least = std::min(rows, columns);
  if (least >= Eigen::internal::unpacket_traits<Wide>::size)
    detail::transpose_in_squares<Wide>(rows, columns, from, to, besides);
  else if (least >= Eigen::internal::unpacket_traits<Quarter>::size)  // pictures of 2 x 2 and 3 x 3, kernels of 3 x 3
    detail::transpose_in_squares<Quarter>(rows, columns, from, to, besides);
  else
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) to(j)[i] = from(i)[j];
}

// to[j to_stride + i] = from[i from_stride + j]
inline void transpose(const Real* from, Index from_stride, Index rows, Index columns, Real* to, Index to_stride) {
  transpose_rows(
      rows, columns, [=](Index i) { return from + i * from_stride; }, [=](Index j) { return to + j * to_stride; },
      [](const Real*) {});
}

}  // namespace tapestry::kernels
