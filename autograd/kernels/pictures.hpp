// How pictures come into the scratch of a convolution, and back.
#pragma once
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/table_product.hpp"
#include "autograd/kernels/transpose.hpp"

namespace tapestry::kernels {

// A batch in groups of about the same number of pictures, `most` or fewer. There are at least eight groups if there are
// so many pictures, and a multiple of four, unless that is more than there are: so two or four threads end together.
struct Groups {
  Index pictures, count;
  Groups(Index pictures, Index most) : pictures(pictures) {
    most = std::clamp<Index>(pictures / 8, 1, std::max<Index>(1, most));
    count = std::min(pictures, ((pictures + most - 1) / most + 3) / 4 * 4);
  }
  Index first(Index group) const { return pictures * group / count; }
  Index size(Index group) const { return first(group + 1) - first(group); }
  Index largest() const { return (pictures + count - 1) / count; }
};

struct Padded {  // a plane of a picture, surrounded by zeros or cropped
  Index height, width, top, left;
  Index area() const { return height * width; }
};
// Just what the windows cover.
inline Padded covered(const Convolution& k) {
  return {(k.P - 1) * k.g.stride_h + k.R(), (k.Q - 1) * k.g.stride_w + k.S(), k.g.top, k.g.left};
}

// All that the windows cover, and all of the picture.
inline Padded surrounded(const Convolution& k) {
  const Padded windows = covered(k);
  return {std::max(windows.height, windows.top + k.H), std::max(windows.width, windows.left + k.W), windows.top,
          windows.left};
}

// Rows of pictures are short: a few vectors, of which the last may overlap the one before, are much faster than a call.
template <Index block>
void copy_blocks(const Real* from, Index count, Real* to) {
  using Block = Eigen::Array<Real, block, 1>;
  for (Index i = 0;; i = std::min(i + block, count - block)) {
    Eigen::Map<Block>(to + i) = Eigen::Map<const Block>(from + i);
    if (i == count - block) return;
  }
}
inline void copy_row(const Real* from, Index count, Real* to) {
  if (count >= 16) return copy_blocks<16>(from, count, to);
  if (count >= 4) return copy_blocks<4>(from, count, to);
  for (Index i = 0; i < count; ++i) to[i] = from[i];
}

inline void pad(const Real* plane, Index height, Index width, const Padded& padded, Real* to) {
  const Index rows = std::clamp<Index>(padded.height - padded.top, 0, height);
  const Index columns = std::clamp<Index>(padded.width - padded.left, 0, width);
  std::fill_n(to, padded.area(), Real(0));
  for (Index h = 0; h < rows; ++h)
    copy_row(plane + h * width, columns, to + (padded.top + h) * padded.width + padded.left);
}

// Where each number of a window (C, R, S) lies, from its first on, in such planes, `plane` numbers apart.
inline Offsets taps_of_window(const Convolution& k, const Padded& padded, Index plane, Index channels) {
  Offsets taps;
  taps.reserve(channels * k.taps());
  for (Index c = 0; c < channels; ++c)
    for (Index r = 0; r < k.R(); ++r)
      for (Index s = 0; s < k.S(); ++s) taps.push_back(offset(c * plane + r * padded.width + s));
  return taps;
}
// Where the windows of `pictures` pictures begin, pictures `picture` numbers apart.
inline Offsets windows_of_pictures(const Convolution& k, const Padded& padded, Index pictures, Index picture) {
  Offsets places;
  for (Index n = 0; n < pictures; ++n)
    for (Index p = 0; p < k.P; ++p)
      for (Index q = 0; q < k.Q; ++q)
        places.push_back(offset(n * picture + p * k.g.stride_h * padded.width + q * k.g.stride_w));
  return places;
}

// Channels first to channels last and back: pixel i of all channels lies at pixels + places[i]. On the way there the
// next picture is fetched, `next` numbers further on: it lies too scattered for the processor to guess. (A fetch past
// the last one does nothing.) On the way back they get their epilogue; `first` is the number of the first channel.
inline void channels_last(const Real* planes, Index channels, const Offsets& places, Index next, Real* pixels) {
  const Index area = places.size();
  const int* const at = places.data();
  transpose_rows(
      channels, area, [=](Index c) { return planes + c * area; }, [=](Index i) { return pixels + at[i]; },
      [=](const Real* vector) { __builtin_prefetch(vector + next, 0, 2); });
}
inline void channels_first(const Real* pixels, const Offsets& places, Index first, Index channels,
                           const Epilogue& epilogue, Real* planes) {
  const Index area = places.size();
  const int* const at = places.data();
  transpose_rows(
      area, channels, [=](Index i) { return pixels + at[i]; }, [=](Index c) { return planes + c * area; },
      [](const Real*) {});
  for (Index c = 0; c < channels; ++c) epilogue.of_channel(first + c, area, planes + c * area);
}

}  // namespace tapestry::kernels
