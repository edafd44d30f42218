// im2col of one picture, a band of windows at a time, and its way back.
#pragma once
#include "autograd/kernels/pictures.hpp"

namespace tapestry::kernels {

inline Packet load(const Real* from) { return Eigen::internal::ploadu<Packet>(from); }
inline void store(Real* to, const Packet& numbers) { Eigen::internal::pstoreu(to, numbers); }

class SomeLanes {  // keeps lanes first ... end - 1; the others become zeros
 public:
  SomeLanes(Index first, Index end) {
    using namespace Eigen::internal;
    const Packet lane = plset<Packet>(Real(0));
    inside_ = pand(pcmp_lt(pset1<Packet>(Real(first - 1)), lane), pcmp_lt(lane, pset1<Packet>(Real(end))));
  }
  Packet of(const Packet& numbers) const { return Eigen::internal::pand(inside_, numbers); }

 private:
  Packet inside_;
};

// Between a picture and its columns, a band of windows at a time: its columns stay in the second-level cache, and sums
// over its windows lose no more digits than others (`depth_block` numbers to a lane).
//
// What neighbouring windows see under one tap lies `stride` numbers apart. So the padded picture is split first, every
// stride-th number into a part of its own, and a row of windows sees a piece of a row there. Pieces are moved by whole
// vectors. What runs over is overwritten by the next piece; behind the last one there is room for it.
class PictureColumns {
 public:
  explicit PictureColumns(const Convolution& k) : k_(k), stride_(k.g.stride_w), padded_(surrounded(k)) {
    part_width_ = (padded_.width + stride_ - 1) / stride_;
    padded_.width = part_width_ * stride_;
    constexpr Index most_numbers = 1 << 16, most_windows = depth_block * lanes;
    const Index windows = std::min(most_numbers / (k.C * k.taps()), most_windows);
    rows_ = std::clamp<Index>(windows / k.Q, 1, k.P);
    while (rows_ < k.P && k.P / bands() * k.Q < lanes) ++rows_;  // at least a vector of windows to each band
    pitch_ = in_lanes(rows_ * k.Q) + lanes;
  }

  Index bands() const { return (k_.P + rows_ - 1) / rows_; }
  Index row(Index band) const { return k_.P * band / bands(); }  // of windows, the first of the band
  Index windows(Index band) const { return (row(band + 1) - row(band)) * k_.Q; }
  Index pitch() const { return pitch_; }  // from column to column: the windows of a band, and room to run over
  Index size() const { return k_.C * k_.taps() * pitch_; }
  Index scratch_size() const { return (stride_ == 1 ? 1 : 2) * (k_.C * padded_.area() + lanes); }

  // (C, H, W) into parts.
  void split(const Real* picture, Real* scratch) const {
    for (Index c = 0; c < k_.C; ++c) pad(picture + c * k_.H * k_.W, k_.H, k_.W, padded_, scratch + c * padded_.area());
    Real* const parts = parts_in(scratch);
    if (stride_ > 1) each_number([=](Index in_parts, Index in_plane) { parts[in_parts] = scratch[in_plane]; });
  }
  // What the windows of a band see there.
  void unfold(Real* scratch, Index band, Real* columns) const {
    const Real* const parts = parts_in(scratch);
    each_tap(band, columns, [=, this](Index place, Index rows, Real* to) {
      const Real* from = parts + place;
      for (Index p = 0; p < rows; ++p, from += k_.g.stride_h * part_width_, to += k_.Q)
        for (Index j = 0; j < k_.Q; j += lanes) store(to + j, load(from + j));
    });
  }

  // The way back: each number of the columns is added to its pixel, and to the bias of its channel.
  void clear(Real* scratch, const Epilogue& epilogue) const {
    for (Index c = 0; c < k_.C; ++c)
      std::fill_n(parts_in(scratch) + c * padded_.area(), padded_.area(), epilogue.bias_of(c));
  }
  void fold(const Real* columns, Index band, Real* scratch) const {
    Real* const parts = parts_in(scratch);
    const Index whole = k_.Q / lanes * lanes;
    const SomeLanes rest(0, k_.Q - whole);
    const auto add = [](Real* to, const Packet& numbers) { store(to, Eigen::internal::padd(load(to), numbers)); };
    each_tap(band, columns, [=, this](Index place, Index rows, const Real* from) {
      Real* to = parts + place;
      for (Index p = 0; p < rows; ++p, from += k_.Q, to += k_.g.stride_h * part_width_) {
        for (Index j = 0; j < whole; j += lanes) add(to + j, load(from + j));
        if (whole < k_.Q) add(to + whole, rest.of(load(from + whole)));
      }
    });
  }
  void join(Real* scratch, Real* picture) const {
    const Real* const parts = parts_in(scratch);
    if (stride_ > 1) each_number([=](Index in_parts, Index in_plane) { scratch[in_plane] = parts[in_parts]; });
    for (Index c = 0; c < k_.C; ++c)
      for (Index h = 0; h < k_.H; ++h)
        copy_row(scratch + c * padded_.area() + (padded_.top + h) * padded_.width + padded_.left, k_.W,
                 picture + (c * k_.H + h) * k_.W);
  }

 private:
  Real* parts_in(Real* scratch) const { return stride_ == 1 ? scratch : scratch + k_.C * padded_.area() + lanes; }

  // f(in_parts, in_plane) for the two places of each number.
  template <class F>
  void each_number(F f) const {
    const auto each = [=, this](auto stride) {
      const Index part = padded_.height * part_width_;
      for (Index c = 0; c < k_.C; ++c)
        for (Index i = 0; i < part; ++i)
          for (Index number = 0; number < stride; ++number)
            f((c * stride + number) * part + i, (c * part + i) * stride + number);
    };
    if (stride_ == 2)
      each(std::integral_constant<Index, 2>());  // so the compiler can use vectors
    else
      each(stride_);
  }
  // f(place, rows, column): where in the parts the pieces begin that a tap sees, how many, and its column.
  template <class Numbers, class F>
  void each_tap(Index band, Numbers* column, F f) const {
    const Index first = row(band), rows = row(band + 1) - first;
    for (Index c = 0; c < k_.C; ++c)
      for (Index r = 0; r < k_.R(); ++r)
        for (Index s = 0; s < k_.S(); ++s, column += pitch_) {
          const Index part = c * stride_ + s % stride_, from = first * k_.g.stride_h + r;
          f((part * padded_.height + from) * part_width_ + s / stride_, rows, column);
        }
  }

  const Convolution& k_;
  const Index stride_;
  Padded padded_;
  Index part_width_, rows_, pitch_;
};

}  // namespace tapestry::kernels
