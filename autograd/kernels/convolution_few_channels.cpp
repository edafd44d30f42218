// A big picture of a few channels: what a discriminator sees, what a generator draws. Panels of so few channels would
// be nearly empty, and panels of the other side's would have to be turned. So it is the side with few channels that is
// unfolded, as in im2col, one picture at a time:
//
//   columns[l][i] = the number of x under tap l = (c, r, s) of window i = (p, q)
//
// What is left are matrix products that read the small picture and the weights where they lie, pixels in vectors:
//
//   gather            y[o] = sum over l of w[o,l] columns[l]
//   scatter           columns[l] = sum over o of w[o,l] y[o], and each number is added to its pixel
//   weight_gradient   w[o,l] = sum over pictures and windows of y[o] columns[l]
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/dot_tile.hpp"
#include "autograd/kernels/matrix_view.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/picture_columns.hpp"

namespace tapestry::kernels::few_channels {
namespace {

// f(first, width) for panels of `count` windows. The last one overlaps the one before it, by less than a vector.
template <class F>
void each_panel(Index count, F f) {
  for (Index first = 0; first < count;) {
    const Index left = count - first, width = std::min({Index{panel_width}, in_lanes(left), count / lanes * lanes});
    f(std::min(first, count - width), width);
    first += width;
  }
}

// w[i,j] (+)= sum over pictures and windows of y[i] x[j], where x are the columns. If the windows do not fill whole
// vectors, the last one begins earlier and sees some of y a second time; x has zeros there. Meanwhile `next`, a row of
// y for another tile, is fetched.
struct Pictures {
  Index count, windows, y_picture, y_row, x_picture, x_row;
  bool add;
};
template <int rows, int columns>
void add_pictures(const Pictures& of, const Real* y, const Real* next, const Real* x, Real* w, Index w_stride) {
  DotTile<rows, columns> tile;
  for (Index n = 0; n < of.count; ++n, y += of.y_picture, next += of.y_picture, x += of.x_picture)
    for (Index i = 0; i < of.windows; i += lanes) {
      const Real* const at = y + std::min(i, of.windows - lanes);
      __builtin_prefetch(next + i, 0, 2);
      tile.add([=, &of](int row) { return load(at + row * of.y_row); },
               [=, &of](int column) { return load(x + column * of.x_row + i); });
    }
  tile.store(w, w_stride, of.add);
}

// The same for all rows of w (O, count), in tiles of about the same size.
void add_pictures_in_tiles(const Pictures& of, Index O, Index count, const Real* y, const Real* x, Real* w) {
  constexpr int most_rows = registers >= 32 ? 5 : 4, most_columns = registers >= 32 ? 5 : 3;
  static constexpr auto tile = []<int... i>(std::integer_sequence<int, i...>) {
    return std::array{&add_pictures<i / most_columns + 1, i % most_columns + 1>...};
  }
  (std::make_integer_sequence<int, most_rows * most_columns>());
  const Index high = (O + most_rows - 1) / most_rows, wide = (count + most_columns - 1) / most_columns;
  for (Index a = 0; a < high; ++a) {
    const Index o = O * a / high, end = O * (a + 1) / high;
    for (Index b = 0; b < wide; ++b) {
      const Index j = count * b / wide, next_j = count * (b + 1) / wide, next = std::min(end + b, O - 1);
      tile[(end - o - 1) * most_columns + next_j - j - 1](of, y + o * of.y_row, y + next * of.y_row, x + j * of.x_row,
                                                          w + o * count + j, count);
    }
  }
}

}  // namespace

// There has to be a vector of windows. If their rows are much shorter than one, or if they leave gaps between them,
// most of what is moved would be moved for nothing.
bool fits(const Convolution& k) {
  if (k.P * k.Q < lanes || 4 * k.Q < lanes || k.R() < k.g.stride_h || k.S() < k.g.stride_w) return false;
  return k.C <= 4 ? k.C < k.O : k.C < lanes && 2 * k.C <= k.O;
}

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  constexpr Index most = 24;  // channels of y at a time: four tiles, which are completed while they are in the cache
  const PictureColumns unfolding(k);
  const Index depth = k.C * k.taps(), windows = k.P * k.Q, blocks = (k.O + most - 1) / most;
  const Offsets rows = multiples(most, depth), along = multiples(depth, 1), results = multiples(most, windows);
  Tensor y = Tensor::uninitialized(k.small());
  Real* const all = y.writable();
  const LinesToFetch lines = lines_of_panel<panel_width>({all, most, windows, windows, 1}, most);
  parallel_for(k.N, k.nanoseconds(), [&](Index n) {
    const Scratch scratch(unfolding.scratch_size()), columns(unfolding.size());
    unfolding.split(x.data() + n * k.C * k.H * k.W, scratch);
    Real* const to = all + n * k.O * windows;
    for (Index band = 0; band < unfolding.bands(); ++band) {
      unfolding.unfold(scratch, band, columns);
      const Index begin = unfolding.row(band) * k.Q, count = unfolding.windows(band);
      for (Index block = 0; block < blocks; ++block) {
        const Index o = k.O * block / blocks, end = k.O * (block + 1) / blocks;
        const bool last = band + 1 == unfolding.bands();  // then the next block is one of the next picture
        const Index next = end < k.O ? end * windows + begin : last ? k.O * windows : begin + count;
        Real* const here = to + o * windows + begin;
        each_panel(count, [&](Index first, Index width) {
          const FetchToWrite ahead(to + next + first, lines);
          table_product(end - o, width, depth, w.data() + o * depth, rows.data(), along.data(), columns + first,
                        unfolding.pitch(), here + first, results.data(), false, depth_block, ahead);
        });
        for (Index i = o; i < end; ++i) epilogue.of_channel(i, count, to + i * windows + begin);
      }
    }
    epilogue.note(n, 1, to);
  });
  return y;
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  const PictureColumns unfolding(k);
  const Index count = k.C * k.taps(), windows = k.P * k.Q;
  const Offsets rows = multiples(count, 1), along = multiples(k.O, count);
  const Offsets results = multiples(count, unfolding.pitch());
  const LinesToFetch lines = lines_of_panel<panel_width>({y.data(), k.O, windows, windows, 1}, k.O);
  Tensor x = Tensor::uninitialized(k.big());
  Real* const all = x.writable();
  parallel_for(k.N, k.nanoseconds(), [&](Index n) {
    const Scratch scratch(unfolding.scratch_size()), columns(unfolding.size());
    unfolding.clear(scratch, epilogue);
    for (Index band = 0; band < unfolding.bands(); ++band) {
      const Index begin = unfolding.row(band) * k.Q;
      const Real* const from = y.data() + n * k.O * windows;
      each_panel(unfolding.windows(band), [&](Index first, Index width) {
        const Index here = begin + first, next = here + width < windows ? here + width : k.O * windows;
        const Fetch ahead(from + next, lines);  // the next panel, or picture
        table_product(count, width, k.O, w.data(), rows.data(), along.data(), from + here, windows, columns + first,
                      results.data(), false, depth_block, ahead);
      });
      unfolding.fold(columns, band, scratch);
    }
    Real* const picture = all + n * k.C * k.H * k.W;
    unfolding.join(scratch, picture);
    epilogue.rectify(n, 1, picture);
  });
  return x;
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  const PictureColumns unfolding(k);
  const Index count = k.C * k.taps(), windows = k.P * k.Q, size = k.O * count;
  // Pictures that are summed at once, a power of two of them, so that chunks are added as everywhere: columns that stay
  // in the second-level cache, and sums that are not too long.
  Index chunk = unfolding.bands() > 1 ? 1 : chunk_samples;
  while (chunk > 1 && (chunk * unfolding.size() > (1 << 17) || chunk * windows > depth_block * lanes)) chunk /= 2;
  const Index pieces = (k.N + chunk - 1) / chunk;
  const Scratch partial(pieces * size);
  parallel_for(pieces, k.nanoseconds(), [&](Index piece) {
    const Index pictures = std::min(chunk, k.N - piece * chunk);
    const Scratch scratch(unfolding.scratch_size()), columns(pictures * unfolding.size());
    for (Index band = 0; band < unfolding.bands(); ++band) {
      const Index in_band = unfolding.windows(band), rest = in_band % lanes;
      const SomeLanes unseen(lanes - rest, lanes);
      for (Index n = 0; n < pictures; ++n) {
        Real* const here = columns + n * unfolding.size();
        if (band == 0) unfolding.split(x.data() + (piece * chunk + n) * k.C * k.H * k.W, scratch);
        unfolding.unfold(scratch, band, here);
        if (rest > 0)
          for (Real* column = here; column < here + unfolding.size(); column += unfolding.pitch())
            store(column + in_band - rest, unseen.of(load(column + in_band - lanes)));
      }
      const Pictures of{pictures, in_band, k.O * windows, windows, unfolding.size(), unfolding.pitch(), band > 0};
      add_pictures_in_tiles(of, k.O, count, y.data() + piece * chunk * k.O * windows + unfolding.row(band) * k.Q,
                            columns, partial + piece * size);
    }
  });
  return sum_in_pairs(partial, pieces, k.weight());
}

}  // namespace tapestry::kernels::few_channels
