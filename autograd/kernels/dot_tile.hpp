// A tile of dot products: lanes belong to the depth,
//
//   lane j of a sum = a[j] b[j] + a[j + lanes] b[j + lanes] + ...,      then all lanes are added
//
// always in this order, whatever the number of rows and columns. All sums stay in registers and share what is loaded.
#pragma once
#include "autograd/kernels/table_product.hpp"

namespace tapestry::kernels {

template <int rows, int columns>
class DotTile {
 public:
  DotTile() {
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
      for (int j = 0; j < columns; ++j) sums_[i][j] = Eigen::internal::pset1<Packet>(Real(0));
  }
  // A vector a(i) of each row times a vector b(j) of each column.
  template <class A, class B>
  void add(A a, B b) {
    Packet y[columns];
#pragma GCC unroll 8
    for (int j = 0; j < columns; ++j) y[j] = b(j);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      const Packet x = a(i);
#pragma GCC unroll 8
      for (int j = 0; j < columns; ++j) sums_[i][j] = Eigen::internal::pmadd(x, y[j], sums_[i][j]);
    }
  }
  void store(Real* to, Index stride, bool add) const {
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
      for (int j = 0; j < columns; ++j) {
        const Real sum = Eigen::internal::predux(sums_[i][j]);
        to[i * stride + j] = add ? to[i * stride + j] + sum : sum;
      }
  }

 private:
  Packet sums_[rows][columns];
};

}  // namespace tapestry::kernels
