// How the windows of a convolution are cut into Winograd's tiles.
//
// Along each axis, tiles of m and of m - 1 windows cover the windows exactly: 10 = 4 + 3 + 3. A convolution with a
// stride falls into phases: taps 0, stride, 2 stride, ... of the kernel meet every stride-th pixel, as a convolution of
// stride 1 with fewer taps, and so on from tap 1. All phases share the transform of the small picture.
#pragma once
#include <algorithm>
#include <vector>

#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/winograd_transforms.hpp"

namespace tapestry::kernels::winograd {

// Points that a tile of so many windows needs.
inline int points_of(int windows, int taps) { return windows + taps - 1; }

struct Axis {
  int stride, kernel;
  Index windows;
  int m;                // windows of a full tile; 0: cannot be cut
  Index full, shorter;  // how many tiles have m windows, how many m - 1

  int phases() const { return std::min(stride, kernel); }
  int taps(int phase) const { return (kernel - phase + stride - 1) / stride; }
  int points(int phase, int length) const { return points_of(length, taps(phase)); }  // of a tile with so many windows
  int points() const {  // of a full tile, all phases together
    int sum = 0;
    for (int phase = 0; phase < phases(); ++phase) sum += points(phase, m);
    return sum;
  }
  int first_point(int phase) const {  // they are numbered through, phase after phase
    int sum = 0;
    for (int before = 0; before < phase; ++before) sum += points(before, m);
    return sum;
  }
  double multiplications() const {  // of a line of windows
    return static_cast<double>(full * points() + shorter * (points() - phases()));
  }
};

// The largest tiles that cut the windows exactly: of up to four windows, if most_points are enough for them; of five
// only where there are more than ten windows, so that three tiles share a kernel's larger transform, and six points are
// enough: more would lose digits.
inline Axis cut(int kernel, int stride, Index windows) {
  for (int m = windows > 2 * 5 ? 5 : 4; m >= 1; --m) {
    Axis axis{stride, kernel, windows, m, 0, 0};
    if (axis.points(0, m) > (m == 5 ? 6 : most_points)) continue;
    while (m > 1 && axis.shorter * (m - 1) < windows && (windows - axis.shorter * (m - 1)) % m != 0) ++axis.shorter;
    axis.full = (windows - axis.shorter * (m - 1)) / m;
    if (axis.full > 0 && axis.full * m + axis.shorter * (m - 1) == windows) return axis;
  }
  return {stride, kernel, windows, 0, 0, 0};
}

struct Point {  // a point of one phase, along one axis
  int phase, number;
  bool full_only;  // short tiles do not have it
};
inline std::vector<Point> points(const Axis& axis) {
  std::vector<Point> all;
  for (int phase = 0; phase < axis.phases(); ++phase)
    for (int i = 0, n = axis.points(phase, axis.m); i < n; ++i) all.push_back({phase, i, i == n - 1});
  return all;
}

// The tiles of a group of pictures are rows of the products. They are sorted by kind, so that the tiles that have a
// certain point follow one another:
//
//   kind              0: full height, short width    1: full, full    2: short height, full width    3: short, short
//   full height only  |-------------------------------------------|
//   full width only                                  |--------------------------------------------|
struct Tiles {
  struct Tile {
    Index p, q;         // first window
    int height, width;  // windows
    Index before;       // tiles of the kinds before, in a picture
    Index of_its_kind, place;
    Index row(Index picture, Index pictures) const { return before * pictures + picture * of_its_kind + place; }
  };
  std::vector<Tile> tiles;  // of one picture
  Index begin[5] = {};      // of each kind, in one picture

  Tiles(const Axis& down, const Axis& across) {
    for (int kind = 0; kind < 4; ++kind) {
      const bool full_height = kind < 2, full_width = kind == 1 || kind == 2;
      const int height = full_height ? down.m : down.m - 1, width = full_width ? across.m : across.m - 1;
      const Index rows = full_height ? down.full : down.shorter, columns = full_width ? across.full : across.shorter;
      for (Index i = 0; i < rows; ++i)
        for (Index j = 0; j < columns; ++j)
          tiles.push_back({(full_height ? 0 : down.full * down.m) + i * height,
                           (full_width ? 0 : across.full * across.m) + j * width, height, width, begin[kind],
                           rows * columns, i * columns + j});
      begin[kind + 1] = begin[kind] + rows * columns;
    }
  }
  Index size() const { return begin[4]; }

  struct Rows {
    Index begin, count;
  };
  Rows having(const Point& down, const Point& across, Index pictures) const {
    const Index first = across.full_only ? begin[1] : begin[0];
    const Index last = down.full_only ? begin[2] : across.full_only ? begin[3] : begin[4];
    return {first * pictures, (last - first) * pictures};
  }
};

}  // namespace tapestry::kernels::winograd
