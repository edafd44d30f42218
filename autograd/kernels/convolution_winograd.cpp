// Convolution with fewer multiplications: winograd_transforms.hpp has the algorithm, winograd_tiles.hpp the tiles.
//
//   gather            y tile  = A^T [ (G w G^T) . (B^T x B) ] A     summed over channels and phases before A^T
//   scatter           x tile += B   [ (G w G^T) . (A y A^T) ] B^T   overlapping tiles are added
//   weight gradient   w       = G^T [ (A y A^T) . (B^T x B) ] G     summed over tiles before G^T
//
// "." multiplies point by point. For one point, all tiles and all channels, that is a matrix product, so each point of
// each phase has one; its rows are tiles (or, for the weight gradient, channels of the big picture).
//
// A few pictures at a time form a group: enough tiles to make use of the weights while they are in the cache, few
// enough for all that lies between the transforms to stay there too (unless a single picture is too large for that).
#include <algorithm>
#include <bit>
#include <vector>

#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/kept_weights.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/pictures.hpp"
#include "autograd/kernels/scratch.hpp"
#include "autograd/kernels/winograd_tiles.hpp"

namespace tapestry::kernels::winograd {
namespace {

constexpr Index tiles_of_group = 24;  // or fewer
constexpr Index tiles_of_sum = 48;    // or fewer, whose products a weight gradient sums at once
constexpr Index odd_line = line;      // planes that lie a power of two apart would meet in the same lines of the cache

struct Phase {  // number i from top to bottom, j from left to right
  int i, j, taps_down, taps_across;
  Index first;  // the number of its first point
};

struct Plan {
  Axis down, across;
  Tiles tiles;
  std::vector<Phase> phases;
  std::vector<Point> rows, columns;  // points along each axis
  Index row_points, points;          // of all phases: in a row, and altogether
  int small_down, small_across;      // points of the small picture's transform along each axis
  Index small_points;
  Index height, width;  // of the big picture with its padding
  Index piece;          // of sums over channels: short where many points lose digits

  explicit Plan(const Convolution& k)
      : down(cut(k.R(), k.g.stride_h, k.P)),
        across(cut(k.S(), k.g.stride_w, k.Q)),
        tiles(down, across),
        rows(winograd::points(down)),
        columns(winograd::points(across)),
        row_points(across.points()),
        points(down.points() * row_points),
        small_down(down.points(0, down.m)),
        small_across(across.points(0, across.m)),
        small_points(Index{small_down} * small_across),
        height(std::max((k.P - 1) * k.g.stride_h + k.R(), k.H + k.g.top)),
        width(std::max((k.Q - 1) * k.g.stride_w + k.S(), k.W + k.g.left)),
        piece(std::max(small_down, small_across) > 6 ? depth_block / 2 : depth_block) {
    for (int i = 0; i < down.phases(); ++i)
      for (int j = 0; j < across.phases(); ++j)
        phases.push_back(
            {i, j, down.taps(i), across.taps(j), down.first_point(i) * row_points + across.first_point(j)});
  }

  // f(number of the point, of the small picture's point that it meets, the tiles that have it, is it the first phase)
  // All phases meet in the same points of the small picture. The first one has the most taps, and so meets all of them.
  template <class F>
  void each_point(Index pictures, F f) const {
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < columns.size(); ++j)
        f(static_cast<Index>(i * columns.size() + j), rows[i].number * small_across + columns[j].number,
          tiles.having(rows[i], columns[j], pictures), rows[i].phase == 0 && columns[j].phase == 0);
  }

  // Where the pixels of the big picture lie when it has its padding and so many numbers to a pixel.
  Offsets places(const Convolution& k, Index pitch) const {
    Offsets places;
    for (Index h = 0; h < k.H; ++h)
      for (Index v = 0; v < k.W; ++v) places.push_back(offset(((k.g.top + h) * width + k.g.left + v) * pitch));
    return places;
  }

  // B^T x B of all tiles of picture n of a group of `count`; point i of tile t at to + i point_step + t pitch.
  void transform_big(const Real* pixels, Index pitch, Index n, Index count, Real* to, Index point_step) const {
    for (const Tiles::Tile& t : tiles.tiles)
      for (const Phase& phase : phases) {
        const Real* const corner =
            pixels + ((t.p * down.stride + phase.i) * width + t.q * across.stride + phase.j) * pitch;
        transform(interpolate<true>(points_of(t.height, phase.taps_down)),
                  interpolate<true>(points_of(t.width, phase.taps_across)), pitch,
                  {corner, down.stride * width * pitch, across.stride * pitch},
                  {to + phase.first * point_step + t.row(n, count) * pitch, row_points * point_step, point_step});
      }
  }
  // A y A^T
  void transform_small(const Real* pixels, Index pitch, Index n, Index count, Real* to, Index point_step) const {
    for (const Tiles::Tile& t : tiles.tiles)
      transform(evaluate<false>(points_of(t.height, phases[0].taps_down), t.height),
                evaluate<false>(points_of(t.width, phases[0].taps_across), t.width), pitch,
                {pixels + (t.p * across.windows + t.q) * pitch, across.windows * pitch, pitch},
                {to + t.row(n, count) * pitch, small_across * point_step, point_step});
  }
};

// G w G^T in panels: for each panel of the result's channels and each point a matrix of the operand's channels by
// panel_width. The kernel between channel i of the operand and channel j of the result lies at w + i i_step + j j_step.
Index weight_step(Index operands) { return operands * panel_width + odd_line; }  // from point to point
void transform_weights(const Convolution& k, const Plan& plan, Index operands, Index results, const Real* w,
                       Index i_step, Index j_step, Real* to) {
  constexpr Index block = 8;  // channels whose kernels are fetched together: neighbours in memory for gather
  const Index taps = k.taps(), pitch = in_lanes(results);
  parallel_for((operands + block - 1) / block, 1.0 * operands * results * plan.points, [&](Index task) {
    const Scratch by_tap(taps * pitch);
    for (Index i = task * block; i < std::min(operands, (task + 1) * block); ++i) {
      transpose(w + i * i_step, j_step, results, taps, by_tap, pitch);
      for (Index panel = 0; panel < panels(results); ++panel)
        for (const Phase& phase : plan.phases)
          transform(evaluate<false>(points_of(plan.down.m, phase.taps_down), phase.taps_down),
                    evaluate<false>(points_of(plan.across.m, phase.taps_across), phase.taps_across),
                    columns_in_panel(results, panel),
                    {by_tap + (phase.i * k.S() + phase.j) * pitch + panel * panel_width,
                     plan.down.stride * k.S() * pitch, plan.across.stride * pitch},
                    {to + (panel * plan.points + phase.first) * weight_step(operands) + i * panel_width,
                     plan.row_points * weight_step(operands), weight_step(operands)});
    }
  });
}

// Sums over very many tiles would lose digits: of large pictures, fewer than a chunk are summed before they are added
// in pairs. A power of two, so that chunks are added as everywhere.
Index pictures_of_sum(const Plan& plan) {
  constexpr std::size_t most = 2048;  // tiles
  const std::size_t pictures = std::bit_floor(std::max<std::size_t>(1, most / plan.tiles.size()));
  return std::min(chunk_samples, static_cast<Index>(pictures));
}

}  // namespace

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  const Plan plan(k);
  const Groups groups(k.N, tiles_of_group / plan.tiles.size());
  const Index pitch = in_lanes(k.C), tiles = groups.largest() * plan.tiles.size();
  const Index step = tiles * pitch + odd_line, sum_step = tiles * panel_width + odd_line, windows = k.P * k.Q;
  const Tensor transformed_weights =
      kept_weights(w, k, Direction::gather, panels(k.O) * plan.points * weight_step(k.C),
                   [&](Real* to) { transform_weights(k, plan, k.C, k.O, w.data(), k.taps(), k.C * k.taps(), to); });
  const Real* const weights = transformed_weights.data();

  const Offsets places = plan.places(k, pitch), planes = multiples(windows, panel_width);
  const Offsets rows = multiples(tiles, pitch), depth = multiples(k.C, 1), results = multiples(tiles, panel_width);
  Tensor y = Tensor::uninitialized(k.small());
  Real* const to = y.writable();
  parallel_for(groups.count, k.nanoseconds(), [&](Index group) {
    const Index first = groups.first(group), count = groups.size(group);
    const Scratch picture(plan.height * plan.width * pitch), transformed(plan.points * step);
    const Scratch sums(plan.small_points * sum_step), result(windows * panel_width);
    std::fill_n(static_cast<Real*>(picture), plan.height * plan.width * pitch, Real(0));
    for (Index n = 0; n < count; ++n) {
      channels_last(x.data() + (first + n) * k.C * k.H * k.W, k.C, places, k.C * k.H * k.W, picture);
      plan.transform_big(picture, pitch, n, count, transformed, step);
    }
    for (Index panel = 0; panel < panels(k.O); ++panel) {
      plan.each_point(count, [&](Index point, Index small_point, Tiles::Rows having, bool first_phase) {
        table_product(having.count, columns_in_panel(k.O, panel), k.C, transformed + point * step,
                      rows.data() + having.begin, depth.data(),
                      weights + (panel * plan.points + point) * weight_step(k.C), panel_width,
                      sums + small_point * sum_step, results.data() + having.begin, !first_phase, plan.piece);
      });
      const Index channel = panel * panel_width;
      for (Index n = 0; n < count; ++n) {
        for (const Tiles::Tile& t : plan.tiles.tiles)
          transform(evaluate<true>(points_of(t.height, plan.phases[0].taps_down), t.height),
                    evaluate<true>(points_of(t.width, plan.phases[0].taps_across), t.width),
                    columns_in_panel(k.O, panel),
                    {sums + t.row(n, count) * panel_width, plan.small_across * sum_step, sum_step},
                    {result + (t.p * k.Q + t.q) * panel_width, k.Q * panel_width, panel_width});
        channels_first(result, planes, channel, columns_in_panel(k.O, panel), epilogue,
                       to + ((first + n) * k.O + channel) * windows);
      }
    }
    epilogue.note(first, count, to + first * k.O * windows);
  });
  return y;
}

Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  const Plan plan(k);
  const Groups groups(k.N, tiles_of_group / plan.tiles.size());
  const Index pitch = in_lanes(k.O), tiles = groups.largest() * plan.tiles.size();
  const Index step = tiles * pitch + odd_line, sum_step = tiles * panel_width + odd_line, windows = k.P * k.Q;
  const Tensor transformed_weights =
      kept_weights(w, k, Direction::scatter, panels(k.C) * plan.points * weight_step(k.O),
                   [&](Real* to) { transform_weights(k, plan, k.O, k.C, w.data(), k.C * k.taps(), k.taps(), to); });
  const Real* const weights = transformed_weights.data();

  const Offsets places = plan.places(k, panel_width), planes = multiples(windows, pitch);
  const Offsets rows = multiples(tiles, pitch), depth = multiples(k.O, 1), results = multiples(tiles, panel_width);
  Tensor x = Tensor::uninitialized(k.big());
  Real* const to = x.writable();
  parallel_for(groups.count, k.nanoseconds(), [&](Index group) {
    const Index first = groups.first(group), count = groups.size(group), area = plan.height * plan.width * panel_width;
    const Scratch picture(windows * pitch), transformed(plan.small_points * step);
    const Scratch sums(plan.points * sum_step), result(area);
    for (Index n = 0; n < count; ++n) {
      channels_last(y.data() + (first + n) * k.O * windows, k.O, planes, k.O * windows, picture);
      plan.transform_small(picture, pitch, n, count, transformed, step);
    }
    for (Index panel = 0; panel < panels(k.C); ++panel) {
      plan.each_point(count, [&](Index point, Index small_point, Tiles::Rows having, bool) {
        table_product(having.count, columns_in_panel(k.C, panel), k.O, transformed + small_point * step,
                      rows.data() + having.begin, depth.data(),
                      weights + (panel * plan.points + point) * weight_step(k.O), panel_width, sums + point * sum_step,
                      results.data() + having.begin, false, plan.piece);
      });
      const Index channel = panel * panel_width;
      for (Index n = 0; n < count; ++n) {
        std::fill_n(static_cast<Real*>(result), area, Real(0));
        for (const Tiles::Tile& t : plan.tiles.tiles)
          for (const Phase& phase : plan.phases) {
            Real* const corner =
                result +
                ((t.p * plan.down.stride + phase.i) * plan.width + t.q * plan.across.stride + phase.j) * panel_width;
            transform(
                interpolate<false>(points_of(t.height, phase.taps_down)),
                interpolate<false>(points_of(t.width, phase.taps_across)), columns_in_panel(k.C, panel),
                {sums + phase.first * sum_step + t.row(n, count) * panel_width, plan.row_points * sum_step, sum_step},
                {corner, plan.down.stride * plan.width * panel_width, plan.across.stride * panel_width}, true);
          }
        channels_first(result, places, channel, columns_in_panel(k.C, panel), epilogue,
                       to + ((first + n) * k.C + channel) * k.H * k.W);
      }
    }
    epilogue.note(first, count, to + first * k.C * k.H * k.W);
  });
  return x;
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  const Plan plan(k);
  const Index summed = pictures_of_sum(plan), sums_of_batch = (k.N + summed - 1) / summed;
  const Index G = std::clamp<Index>(tiles_of_sum / plan.tiles.size(), 1, summed), tiles = G * plan.tiles.size(),
              windows = k.P * k.Q;
  const Index slice = std::clamp<Index>(in_lanes(k.C / 2), lanes, 64);  // channels of the big picture to a task
  const Index slices = (k.C + slice - 1) / slice;
  const Index step = tiles * slice + odd_line, small_step = tiles * panel_width + odd_line;
  const Offsets places = plan.places(k, slice), planes = multiples(windows, panel_width);
  const Offsets rows = multiples(slice, 1), depth = multiples(tiles, slice), results = multiples(slice, panel_width);

  // Kernels of a panel's channels lie side by side, until all are summed. Beyond the last channel they mean nothing.
  const Index kernel = k.taps() * panel_width, size = panels(k.O) * k.C * kernel;
  const Scratch partial(sums_of_batch * size);
  parallel_for(sums_of_batch * slices, k.nanoseconds(), [&](Index task) {
    const Index part = task / slices, channel = task % slices * slice, channels = std::min(slice, k.C - channel);
    const Index begin = part * summed, end = std::min(k.N, begin + summed);
    const Index area = plan.height * plan.width * slice, sum_step = weight_step(channels);
    const Scratch picture(area), transformed(plan.points * step);
    const Scratch small(windows * panel_width), small_transformed(plan.small_points * small_step);
    const Scratch sums(panels(k.O) * plan.points * sum_step);
    std::fill_n(static_cast<Real*>(picture), area, Real(0));
    for (Index first = begin; first < end; first += G) {
      const Index count = std::min(G, end - first);
      for (Index n = 0; n < count; ++n) {
        channels_last(x.data() + ((first + n) * k.C + channel) * k.H * k.W, channels, places, k.C * k.H * k.W, picture);
        plan.transform_big(picture, slice, n, count, transformed, step);
      }
      for (Index panel = 0; panel < panels(k.O); ++panel) {
        for (Index n = 0; n < count; ++n) {
          channels_last(y.data() + ((first + n) * k.O + panel * panel_width) * windows, columns_in_panel(k.O, panel),
                        planes, k.O * windows, small);
          plan.transform_small(small, panel_width, n, count, small_transformed, small_step);
        }
        plan.each_point(count, [&](Index point, Index small_point, Tiles::Rows having, bool) {
          table_product(channels, columns_in_panel(k.O, panel), having.count,
                        transformed + point * step + having.begin * slice, rows.data(), depth.data(),
                        small_transformed + small_point * small_step + having.begin * panel_width, panel_width,
                        sums + (panel * plan.points + point) * sum_step, results.data(), first > begin);
        });
      }
    }
    for (Index panel = 0; panel < panels(k.O); ++panel)
      for (Index c = 0; c < channels; ++c)
        for (const Phase& phase : plan.phases)
          transform(
              evaluate<true>(points_of(plan.down.m, phase.taps_down), phase.taps_down),
              evaluate<true>(points_of(plan.across.m, phase.taps_across), phase.taps_across), panel_width,
              {sums + (panel * plan.points + phase.first) * sum_step + c * panel_width, plan.row_points * sum_step,
               sum_step},
              {partial + part * size + (panel * k.C + channel + c) * kernel + (phase.i * k.S() + phase.j) * panel_width,
               plan.down.stride * k.S() * panel_width, plan.across.stride * panel_width});
  });
  add_in_pairs(partial, sums_of_batch, size);
  Tensor dw = Tensor::uninitialized(k.weight());
  Real* const to = dw.writable();
  parallel_for_blocks(k.C, 8, 0.5 * k.O * k.taps(), [&](Index begin, Index end) {
    for (Index panel = 0; panel < panels(k.O); ++panel)
      for (Index c = begin; c < end; ++c)
        transpose(partial + (panel * k.C + c) * kernel, panel_width, k.taps(), columns_in_panel(k.O, panel),
                  to + (panel * panel_width * k.C + c) * k.taps(), k.C * k.taps());
  });
  return dw;
}

double saving(const Convolution& k) {
  const Axis y = cut(k.R(), k.g.stride_h, k.P), x = cut(k.S(), k.g.stride_w, k.Q);
  if (y.m == 0 || x.m == 0) return 0;
  return double(k.P * k.R()) / y.multiplications() * double(k.Q * k.S()) / x.multiplications();
}
double transformed_size(const Convolution& k) {
  return double(cut(k.R(), k.g.stride_h, k.P).points()) * cut(k.S(), k.g.stride_w, k.Q).points();
}

}  // namespace tapestry::kernels::winograd
