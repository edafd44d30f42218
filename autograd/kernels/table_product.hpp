// The table product: the inner loop under convolutions and matrix products.
//
//   C[c[i] + j] (+)= sum over l of A[a[i] + t[l]] * B[l b_stride + j],      i < rows, j < columns, l < depth
//
// B comes in panels, panel_width numbers wide, and is read by vectors. A is only ever broadcast, one number at a time,
// so it can lie anywhere: two lists of offsets say where. For a matrix they are i row_stride and l column_stride; for a
// convolution a pixel's place in the padded picture and a tap's place in the window. So im2col becomes two lists of
// integers, and no column matrix is ever written.
//
// Each C[i, j] is summed over l in pieces of about depth_block numbers, or as many as are asked for, in this order,
// whatever the number of rows: a row's bits do not depend on the rows around it.
#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "autograd/error.hpp"
#include "autograd/kernels/scratch.hpp"
#include "autograd/memory.hpp"
#include "autograd/tensor.hpp"

namespace tapestry::kernels {

using Offsets = std::vector<int>;

using Packet = Eigen::internal::packet_traits<Real>::type;
constexpr int lanes = Eigen::internal::packet_traits<Real>::size;  // numbers in a vector
constexpr Index line = memory::alignment / sizeof(Real);           // numbers in a line of the cache
constexpr Index page = 4096 / sizeof(Real);  // so much further on, lines fall on the same set of the first-level cache

// A tile of the result stays in registers. With 32 of them (AVX-512, NEON) panels are four vectors wide, with 16 (AVX2,
// SSE) two; the rest is for B and the number of A that is broadcast.
constexpr int registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS, panel_vectors = registers / 8;
constexpr int panel_width = panel_vectors * lanes;
constexpr int tile_rows(int vectors) { return 8 * vectors <= registers - 8 ? 8 : 6; }

// All rows sweep over so much of a panel before they go on to more: 32 KB of float with AVX-512, which stay in the
// core's first-level cache. Besides, a sum of sums of 128 numbers is far more exact than one long sum.
constexpr Index depth_block = 128;

inline Index in_lanes(Index columns) { return (columns + lanes - 1) / lanes * lanes; }  // rounded up to whole vectors
inline Index panels(Index columns) { return (columns + panel_width - 1) / panel_width; }
inline Index columns_in_panel(Index columns, Index panel) {
  return std::min<Index>(panel_width, columns - panel * panel_width);
}

// What a table product does besides, at each step l of a tile.
struct Nothing {
  Nothing of_next_tile(Index) const { return {}; }
  void operator()(Index) const {}
};
// Lines to fetch, in order, as distances from a number that is given later. After the last one it comes again, for as
// many steps as a tile can have: so no step has to ask whether there is one left, and what has been fetched costs
// nothing.
constexpr Index most_steps = depth_block * 3 / 2;  // the longest piece of a sum: see table_product
struct LinesToFetch {
  Index count;
  std::vector<Index> distances;
  explicit LinesToFetch(std::vector<Index> lines) : count(lines.size()), distances(std::move(lines)) {
    distances.insert(distances.end(), most_steps, distances.back());
  }
};
// Fetches one line at each step into the second-level cache: to be read, or (`written`) to be written, for which other
// cores have to give it up. If more are asked for at once, the processor takes no other loads until it has them.
template <bool written>
class FetchLines {
 public:
  FetchLines(const Real* from, const LinesToFetch& lines)
      : from_(from), line_(lines.distances.data()), last_(line_ + lines.count - 1) {}
  FetchLines of_next_tile(Index steps) {
    const FetchLines tile = *this;
    line_ = std::min(line_ + steps, last_);
    return tile;
  }
  bool done() const { return line_ == last_; }
  void operator()(Index step) const { __builtin_prefetch(from_ + line_[step], written, 2); }

 private:
  const Real* from_;
  const Index *line_, *last_;
};
using Fetch = FetchLines<false>;
using FetchToWrite = FetchLines<true>;
struct FetchInTurn {  // one list, then the other
  Fetch first, second;
  Fetch of_next_tile(Index steps) { return first.done() ? second.of_next_tile(steps) : first.of_next_tile(steps); }
};

namespace detail {
struct Operands {  // of the table product
  const Real* A;
  const int *a, *t;
  const Real* B;
  Index b_stride;
  Real* C;
  const int* c;
};

// Tiles of one height, one after another. A processor begins with the next one while it still multiplies for the last,
// if it finds the way quickly: no call, nothing to decide, and operands that are at hand.
template <int vectors, int rows, bool add, class Besides>
void table_tiles(const Operands of, Index row, Index end, Index steps, Besides& besides) {
  using namespace Eigen::internal;
  for (; row < end; row += rows) {
    Packet sum[rows][vectors];
    const Real* from[rows];
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      from[i] = of.A + of.a[row + i];
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sum[i][v] = pset1<Packet>(Real(0));
    }
    const auto at_step = besides.of_next_tile(steps);
    const Real* b = of.B;
    for (Index l = 0; l < steps; ++l, b += of.b_stride) {
      at_step(l);
#pragma GCC unroll 8
      for (int i = 0; i < rows; ++i) {
        const Packet a = pset1<Packet>(from[i][of.t[l]]);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) sum[i][v] = pmadd(a, ploadu<Packet>(b + v * lanes), sum[i][v]);
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      Real* const to = of.C + of.c[row + i];
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) {
        if constexpr (add) sum[i][v] = padd(ploadu<Packet>(to + v * lanes), sum[i][v]);
        pstoreu(to + v * lanes, sum[i][v]);
      }
    }
  }
}

// As few tiles as possible, all of about the same height.
template <int vectors, bool add, class Besides>
void table_rows(const Operands& of, Index count, Index steps, Besides& besides) {
  constexpr int highest = tile_rows(vectors);
  static constexpr auto tiles_of = []<int... i>(std::integer_sequence<int, i...>) {
    return std::array{&table_tiles<vectors, i + 1, add, Besides>...};
  }
  (std::make_integer_sequence<int, highest>());
  if (count == 0) return;
  const Index tiles = (count + highest - 1) / highest, rows = count / tiles, higher = count % tiles * (rows + 1);
  if (higher > 0) tiles_of[rows](of, 0, higher, steps, besides);
  if (higher < count) tiles_of[rows - 1](of, higher, count, steps, besides);
}

template <int vectors, class Besides>
void table_columns(const Operands& of, Index columns, Index rows, Index steps, bool add, Besides& besides) {
  if constexpr (vectors > 1)
    if (columns <= (vectors - 1) * lanes) return table_columns<vectors - 1>(of, columns, rows, steps, add, besides);
  if (add)
    table_rows<vectors, true>(of, rows, steps, besides);
  else
    table_rows<vectors, false>(of, rows, steps, besides);
}
}  // namespace detail

// All rows against one panel, of which only the first `columns` matter: what is written beyond them means nothing. Sums
// are cut evenly into pieces of about `piece` numbers, depth_block or fewer: 190 are one piece, 200 are two.
template <class Besides = Nothing>
void table_product(Index rows, Index columns, Index depth, const Real* A, const int* a, const int* t, const Real* B,
                   Index b_stride, Real* C, const int* c, bool add, Index piece = depth_block, Besides besides = {}) {
  const Index pieces = std::max<Index>(1, (depth + piece / 2) / piece);
  for (Index i = 0; i < pieces; ++i, add = true) {
    const Index l = depth * i / pieces, next = depth * (i + 1) / pieces;
    detail::table_columns<panel_vectors>({A, a, t + l, B + l * b_stride, b_stride, C, c}, columns, rows, next - l, add,
                                         besides);
  }
}

// A place in a table, which holds 32 bits: a picture's channels together, or one of its planes with a panel for each
// pixel, have to have fewer numbers.
inline int offset(Index place) {
  if (place > std::numeric_limits<int>::max())
    fail("kernels: got a picture or matrix that needs a table with place ", place, " in it; expected less than 2^31; ",
         "take smaller pictures or fewer channels");
  return static_cast<int>(place);
}

// 0, step, 2 step, ...
inline Offsets multiples(Index count, Index step) {
  Offsets offsets(count);
  for (Index i = 0; i < count; ++i) offsets[i] = offset(i * step);
  return offsets;
}

}  // namespace tapestry::kernels
