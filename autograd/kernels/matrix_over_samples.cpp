// Weight gradients, of linear layers above all: a sum over samples, of which there are few, while the result is large
// (of others matrix.cpp takes care, to the same bits). What costs is not to multiply, but to write partial sums and to
// add them. So a small tile of the result stays in registers until it is complete. With three such tiles a pairwise sum
// of four chunks can be taken,
//
//   p = chunk 0,  p += chunk 1,  q = chunk 2,  q += chunk 3,  p += q        (each chunk is summed by itself first)
//
// Columns of a are packed for it, tile_height numbers side by side, and columns of b into panels as wide as a tile.
#include <bit>

#include "autograd/kernels/matrix_view.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

// Three tiles fit into 32 registers (AVX-512, NEON). Into 16 (AVX2, SSE) only the sum of a chunk does, while p and q
// wait on the stack; its tile is two vectors wide, so that it loads less than it multiplies.
constexpr int tile_height = registers >= 32 ? 8 : 6, tile_vectors = registers >= 32 ? 1 : 2;
constexpr int tile_width = tile_vectors * lanes;

struct Tile {
  Packet row[tile_height][tile_vectors];
};
inline Tile operator+(const Tile& p, const Tile& q) {
  Tile sum;
#pragma GCC unroll 8
  for (int i = 0; i < tile_height; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) sum.row[i][v] = Eigen::internal::padd(p.row[i][v], q.row[i][v]);
  return sum;
}

struct Samples {  // of a tile
  const Real *a, *b;
  Index count;
  Samples part(Index begin, Index chunk) const {
    return {a + begin * tile_height, b + begin * tile_width, std::min(chunk, count - begin)};
  }
};

EIGEN_ALWAYS_INLINE Tile chunk_sum(const Samples& of) {
  using namespace Eigen::internal;
  Tile sum;
#pragma GCC unroll 8
  for (int i = 0; i < tile_height; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) sum.row[i][v] = pset1<Packet>(Real(0));
  for (Index k = 0; k < of.count; ++k) {
    const Real* const b = of.b + k * tile_width;
#pragma GCC unroll 8
    for (int i = 0; i < tile_height; ++i) {
      const Packet a = pset1<Packet>(of.a[k * tile_height + i]);
#pragma GCC unroll 2
      for (int v = 0; v < tile_vectors; ++v) sum.row[i][v] = pmadd(a, ploadu<Packet>(b + v * lanes), sum.row[i][v]);
    }
  }
  return sum;
}

EIGEN_ALWAYS_INLINE Tile sum_of_four_chunks(const Samples& of, Index chunk) {  // or fewer
  Tile p = chunk_sum(of.part(0, chunk));
  if (of.count > chunk) p = p + chunk_sum(of.part(chunk, chunk));
  if (of.count <= 2 * chunk) return p;
  Tile q = chunk_sum(of.part(2 * chunk, chunk));
  if (of.count > 3 * chunk) q = q + chunk_sum(of.part(3 * chunk, chunk));
  return p + q;
}

// The tree of pairwise_sum.hpp: the left part is the largest power of two of chunks that leaves something to the right.
// Up to four chunks are summed without a call, so that their tile stays in registers; for more there is one, since what
// calls itself cannot be inlined.
EIGEN_ALWAYS_INLINE Tile sum_in_pairs(const Samples& of, Index chunk);
Tile sum_of_many_chunks(const Samples& of, Index chunk) {
  const Index four = 4 * chunk;
  const Index left = four * static_cast<Index>(std::bit_floor(static_cast<std::size_t>((of.count - 1) / four)));
  return sum_in_pairs(of.part(0, left), chunk) + sum_in_pairs(of.part(left, of.count), chunk);
}
Tile sum_in_pairs(const Samples& of, Index chunk) {
  return of.count <= 4 * chunk ? sum_of_four_chunks(of, chunk) : sum_of_many_chunks(of, chunk);
}

EIGEN_ALWAYS_INLINE void store(const Tile& tile, Real* to, Index stride, bool add) {
  using namespace Eigen::internal;
#pragma GCC unroll 8
  for (int i = 0; i < tile_height; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < tile_vectors; ++v) {
      Real* const here = to + i * stride + v * lanes;
      pstoreu(here, add ? padd(ploadu<Packet>(here), tile.row[i][v]) : tile.row[i][v]);
    }
}
void store_part(const Tile& tile, Index rows, Index columns, Real* to, Index stride, bool add) {
  alignas(64) Real numbers[tile_height * tile_width];
  store(tile, numbers, tile_width, false);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) {
      const Real number = numbers[i * tile_width + j];
      to[i * stride + j] = add ? to[i * stride + j] + number : number;
    }
}

// From tile to tile of packed rows: an odd number of lines, so that they do not all fall on the same lines of the
// first-level cache.
Index pitch(Index samples) { return ((samples * tile_height + line - 1) / line | 1) * line; }

// `rows` columns of `samples` from `first` on, in tiles: number i of sample k of a tile at k tile_height + i.
void pack(const Matrix& samples, Index first, Index rows, Real* to) {
  using Numbers = Eigen::Array<Real, tile_height, 1>;
  const Index count = samples.rows, whole = rows / tile_height, rest = rows % tile_height;
  for (Index k = 0; k < count; ++k) {
    const Real* const from = samples.numbers + k * samples.row_stride + first;
    Real* const sample = to + k * tile_height;
    for (Index tile = 0; tile < whole; ++tile)
      Eigen::Map<Numbers>(sample + tile * pitch(count)) = Eigen::Map<const Numbers>(from + tile * tile_height);
    if (rest == 0) continue;
    Real* const last = sample + whole * pitch(count);
    for (Index i = 0; i < tile_height; ++i) last[i] = i < rest ? from[whole * tile_height + i] : Real(0);
  }
}

}  // namespace

void product_over_samples(const Matrix& a, const Beginnings& a_begins, const Matrix& b, const Beginnings& b_begins,
                          Index chunk, bool add, Real* result) {
  // A task packs rows that stay in the core's own cache, and multiplies them with so many columns that it was worth it.
  const Index M = a.columns, N = b.columns, samples = a.rows;
  const Index row_block = std::max<Index>(1, std::min<Index>(65'536 / samples, 256) / tile_height) * tile_height;
  constexpr Index column_block = 512;
  const Index row_blocks = (M + row_block - 1) / row_block, column_blocks = (N + column_block - 1) / column_block;
  const Index count = static_cast<Index>(a_begins.size()), in_one = row_blocks * column_blocks;
  const double work = double(count) * M * N * samples / 50;  // nanoseconds, roughly
  parallel_for(count * in_one, work, [&](Index task) {
    const Index matrix = task / in_one, row = task % in_one / column_blocks * row_block;
    const Index first_column = task % column_blocks * column_block, last = std::min(N, first_column + column_block);
    const Index rows = std::min(row_block, M - row);
    const Matrix b_here = b.at(b_begins[matrix]);
    const Scratch packed((rows + tile_height - 1) / tile_height * pitch(samples)), panel(samples * tile_width);
    pack(a.at(a_begins[matrix]), row, rows, packed);
    for (Index column = first_column; column < last; column += tile_width) {
      fill_panel<tile_width>(b_here, 0, samples, column, panel);
      const Index columns = std::min<Index>(tile_width, N - column);
      const Index share = samples * tile_height / rows + 1;  // of the next panel, for each tile
      Index fetched = b_here.column_stride == 1 && column + tile_width < last ? 0 : samples;
      for (Index i = 0; i < rows; i += tile_height) {
        Real* const to = result + (matrix * M + row + i) * N + column;
        // While it is summed, what it will be written to comes into the cache, and some of the next panel.
        for (Index r = 0; r < std::min<Index>(tile_height, rows - i); ++r) __builtin_prefetch(to + r * N, 1);
        for (const Index until = std::min(samples, fetched + share); fetched < until; ++fetched)
          __builtin_prefetch(b_here.numbers + fetched * b.row_stride + column + tile_width);
        const Tile sum = sum_in_pairs({packed + i / tile_height * pitch(samples), panel, samples}, chunk);
        if (columns == tile_width && rows - i >= tile_height)
          store(sum, to, N, add);
        else
          store_part(sum, std::min<Index>(tile_height, rows - i), columns, to, N, add);
      }
    }
  });
}

}  // namespace tapestry::kernels
