// How pictures come into the scratch of a convolution, and back.
#pragma once
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/table_product.hpp"
#include "autograd/kernels/transpose.hpp"

namespace tapestry::kernels {

// Channels first to channels last and back: pixel i of all channels lies at pixels + places[i].
inline void channels_last(const Real* planes, Index channels, const Offsets& places, Real* pixels) {
  const Index area = places.size();
  const int* const at = places.data();
  transpose_rows(
      channels, area, [=](Index c) { return planes + c * area; }, [=](Index i) { return pixels + at[i]; });
}
inline void channels_first(const Real* pixels, const Offsets& places, Index channels, const Real* bias, Real* planes) {
  const Index area = places.size();
  const int* const at = places.data();
  transpose_rows(
      area, channels, [=](Index i) { return pixels + at[i]; }, [=](Index c) { return planes + c * area; });
  if (!bias) return;
  for (Index c = 0; c < channels; ++c)
    for (Index i = 0; i < area; ++i) planes[c * area + i] += bias[c];
}

}  // namespace tapestry::kernels
