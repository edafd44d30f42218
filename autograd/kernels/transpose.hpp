// Transposition of a matrix that is part of larger ones: to[j to_stride + i] = from[i from_stride + j].
#pragma once
#include <Eigen/Core>

#include "autograd/tensor.hpp"

namespace tapestry::kernels {

namespace detail {
// One square of vector_width x vector_width numbers: rows in registers, exchanged there, written as columns.
inline void transpose_square(const Real* from, Index from_stride, Real* to, Index to_stride) {
  using Packet = Eigen::internal::packet_traits<Real>::type;
  constexpr int n = Eigen::internal::packet_traits<Real>::size;
  Eigen::internal::PacketBlock<Packet, n> square;
  for (int i = 0; i < n; ++i) square.packet[i] = Eigen::internal::ploadu<Packet>(from + i * from_stride);
  Eigen::internal::ptranspose(square);
  for (int i = 0; i < n; ++i) Eigen::internal::pstoreu(to + i * to_stride, square.packet[i]);
}
}  // namespace detail

inline void transpose(const Real* from, Index from_stride, Index rows, Index columns, Real* to, Index to_stride) {
  constexpr Index n = Eigen::internal::packet_traits<Real>::size;
  if (rows < n || columns < n) {
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
    return;
  }
  // The last square of a row or column overlaps the one before it: cheaper than a loop over odd numbers.
  for (Index i = 0;; i = std::min(i + n, rows - n)) {
    for (Index j = 0;; j = std::min(j + n, columns - n)) {
      detail::transpose_square(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
      if (j == columns - n) break;
    }
    if (i == rows - n) break;
  }
}

}  // namespace tapestry::kernels
