// Fewer multiplications through polynomials (Toom 1963, Cook 1966; Winograd 1980; Lavin and Gray 2016).
//
// In one dimension, scatter is the product of two polynomials: m numbers y and r taps w make the m + r - 1 coefficients
// of x(t) = w(t) y(t). So it needs only n = m + r - 1 multiplications instead of m r: evaluate both at n points,
// multiply there, and interpolate:
//
//   scatter           x = B   [ (G w) . (A y) ]       A, G: powers of the points    B: interpolation
//   gather            y = A^T [ (G w) . (B^T x) ]     its transpose in y: m windows of r taps each
//   weight gradient   w = G^T [ (A y) . (B^T x) ]     its transpose in w
//
// "Infinity" as a point means the leading coefficient. In two dimensions each matrix is applied to columns and rows.
#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <utility>

#include "autograd/kernels/table_product.hpp"

namespace tapestry::kernels::winograd {

// Infinity comes first, then these. They are small, and so are their powers: what is large and cancels costs digits.
// With fewer points, the first ones are taken: A and G for n points are then the first n rows of those for more.
constexpr double finite_points[] = {0, 1, -1, 0.5, -2, -0.5, 2};
constexpr int most_points = 1 + std::size(finite_points);

template <int height, int width>
struct Numbers {
  static constexpr int rows = height, columns = width;
  double at[height][width];
};

// A or G: n points, `coefficients` numbers: row i holds the powers of point i.
template <int n, int coefficients>
constexpr Numbers<n, coefficients> powers() {
  Numbers<n, coefficients> a{};
  a.at[0][coefficients - 1] = 1;  // infinity
  for (int i = 1; i < n; ++i) {
    double power = 1;
    for (int j = 0; j < coefficients; ++j, power *= finite_points[i - 1]) a.at[i][j] = power;
  }
  return a;
}

// B: column i holds the coefficients of the polynomial that is one at point i and zero at the others. Its value at
// infinity is its coefficient n - 1: so at the finite points it has one factor fewer.
template <int n>
constexpr Numbers<n, n> interpolation() {
  Numbers<n, n> b{};
  for (int i = 0; i < n; ++i) {
    double product[n + 1] = {1}, at_own_point = 1;
    for (int other = 1; other < n; ++other) {
      if (other == i) continue;
      for (int j = n; j >= 0; --j) product[j] = (j > 0 ? product[j - 1] : 0) - finite_points[other - 1] * product[j];
      if (i > 0) at_own_point *= finite_points[i - 1] - finite_points[other - 1];
    }
    for (int j = 0; j < n; ++j) b.at[j][i] = product[j] / at_own_point;
  }
  return b;
}

template <int n, int coefficients>
inline constexpr auto powers_of = powers<n, coefficients>();
template <int n>
inline constexpr auto interpolation_of = interpolation<n>();

// One matrix along one axis of a tile, for each of some channels, `count` times (for each line of the other axis):
//
//   to[i to_step] (+)= sum over j of M(i, j) from[j from_step], then from += from_next, to += to_next
//
// The matrix is known to the compiler, which leaves out its zeros.
template <const auto& matrix, bool transposed>
void multiply(Index count, Index channels, const Real* from, Index from_step, Index from_next, Real* to, Index to_step,
              Index to_next, bool add) {
  using namespace Eigen::internal;
  constexpr int rows = transposed ? matrix.columns : matrix.rows, columns = transposed ? matrix.rows : matrix.columns;
  for (; count > 0; --count, from += from_next, to += to_next)
    for (Index c = 0; c < channels; c += lanes) {
      Packet x[columns];
#pragma GCC unroll 8
      for (int j = 0; j < columns; ++j) x[j] = ploadu<Packet>(from + j * from_step + c);
#pragma GCC unroll 8
      for (int i = 0; i < rows; ++i) {
        Packet sum = add ? ploadu<Packet>(to + i * to_step + c) : pset1<Packet>(Real(0));
#pragma GCC unroll 8
        for (int j = 0; j < columns; ++j) {
          const Real m = static_cast<Real>(transposed ? matrix.at[j][i] : matrix.at[i][j]);
          if (m != 0) sum = pmadd(pset1<Packet>(m), x[j], sum);
        }
        pstoreu(to + i * to_step + c, sum);
      }
    }
}

struct Transform {  // one matrix
  int rows, columns;
  decltype(&multiply<interpolation_of<1>, false>) multiply;
};

// Whichever is asked for while the program runs, from tables that the compiler fills.
template <bool transposed>
Transform interpolate(int n) {
  static constexpr auto table = []<int... i>(std::integer_sequence<int, i...>) {
    return std::array{&multiply<interpolation_of<i + 1>, transposed>...};
  }
  (std::make_integer_sequence<int, most_points>());
  return {n, n, table[n - 1]};
}
template <bool transposed>
Transform evaluate(int n, int coefficients) {
  static constexpr auto table = []<int... i>(std::integer_sequence<int, i...>) {
    return std::array{&multiply<powers_of<i / most_points + 1, i % most_points + 1>, transposed>...};
  }
  (std::make_integer_sequence<int, most_points * most_points>());
  const auto multiply = table[(n - 1) * most_points + coefficients - 1];
  return transposed ? Transform{coefficients, n, multiply} : Transform{n, coefficients, multiply};
}

struct Grid {  // of vectors of channels: where its corner is, how far apart rows and columns are
  Real* corner;
  Index row, column;
};
struct ConstGrid {
  const Real* corner;
  Index row, column;
};

// to (+)= V from H^T, for each of the channels: V down each column of `from`, which makes the rows of `between`
// (V.rows x H.columns), then H along each of these.
inline void transform(const Transform& v, const Transform& h, Index channels, ConstGrid from, Grid to,
                      bool add = false) {
  constexpr Index most = 4 * lanes;  // channels at a time
  alignas(64) Real between[most_points * most_points * most];
  for (Index c = 0; c < channels; c += most) {
    const Index some = std::min(most, in_lanes(channels - c));
    v.multiply(h.columns, some, from.corner + c, from.row, from.column, between, h.columns * some, some, false);
    h.multiply(v.rows, some, between, some, h.columns * some, to.corner + c, to.column, to.row, add);
  }
}

}  // namespace tapestry::kernels::winograd
