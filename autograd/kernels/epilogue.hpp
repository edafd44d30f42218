// What a kernel does to a result while it is still in the cache, sparing it passes of its own: bias and rectifier.
#pragma once
#include "autograd/kernels/rectifier.hpp"

namespace tapestry::kernels {

struct Epilogue {
  const Real* bias = nullptr;            // one number for each channel
  const Rectifier* rectifier = nullptr;  // of the whole result

  Epilogue() = default;
  Epilogue(const Real* bias, const Rectifier* rectifier = nullptr) : bias(bias), rectifier(rectifier) {}
  bool nothing() const { return !bias && !rectifier; }
  Real bias_of(Index channel) const { return bias ? bias[channel] : Real(0); }

  // To some numbers that are complete: all of one channel, or each of a channel of its own.
  void of_channel(Index channel, Index count, Real* numbers) const {
    if (nothing()) return;
    with_rectifier(slope(), [=, bias = bias_of(channel)](auto rectified) {
      for (Index i = 0; i < count; ++i) numbers[i] = rectified(numbers[i] + bias);
    });
  }
  void of_channels(Index first, Index count, Real* numbers) const {
    if (nothing()) return;
    with_rectifier(slope(), [=, this](auto rectified) {
      for (Index i = 0; i < count; ++i) numbers[i] = rectified(numbers[i] + bias_of(first + i));
    });
  }
  // Then to whole samples, which are in the cache still.
  void note(Index first, Index count, const Real* samples) const {
    if (rectifier) rectifier->note(first, count, samples);
  }

  // For kernels that have only added the bias: the rest of it, to whole samples.
  void rectify(Index first, Index count, Real* samples) const {
    if (rectifier) (*rectifier)(first, count, samples);
  }

 private:
  Real slope() const { return rectifier ? rectifier->slope() : Real(1); }
};

}  // namespace tapestry::kernels
