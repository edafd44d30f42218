#include "autograd/kernels/rectifier.hpp"

#include <Eigen/Core>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "autograd/kernels/parallel.hpp"

namespace tapestry::kernels {
namespace {

// A bit for each number: 16 words hold those of a group of 16 word_bits numbers, bit b of word l that of number 16 b +
// l, so that vectors of numbers meet vectors of words. A sample begins with words of its own.
using Word = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
constexpr Index word_bits = 8 * sizeof(Word), words = 16, numbers = words * word_bits;
Index words_of(Index size) { return (size + numbers - 1) / numbers * words; }

void note_group(const Real* x, Real* place) {
  using namespace Eigen::internal;
  using Packet = packet_traits<Real>::type;
  constexpr Index lanes = packet_traits<Real>::size;
  const Packet zero = pset1<Packet>(Real(0));
  for (Index l = 0; l < words; l += lanes) {
    Packet bits = zero;
#pragma GCC unroll 64
    for (Index b = 0; b < word_bits; ++b)
      bits = por(bits, pand(pcmp_lt(zero, ploadu<Packet>(x + words * b + l)), pset1frombits<Packet>(Word(1) << b)));
    pstoreu(place + l, bits);
  }
}
void scale_group(const Real* x, const Real* place, Real slope, Real* y) {
  Word word[words];
  std::memcpy(word, place, sizeof word);
  for (Index b = 0; b < word_bits; ++b)
#pragma omp simd
    for (Index l = 0; l < words; ++l) {
      const Real number = x[words * b + l];
      y[words * b + l] = word[l] >> b & 1 ? number : number * slope;
    }
}

// Any number of numbers from the beginning of a group on: the odd ones at the end make a padded group.
void note_positive(Index count, const Real* x, Real* place) {
  Index i = 0;
  for (; i + numbers <= count; i += numbers, place += words) note_group(x + i, place);
  if (i == count) return;
  Real odd[numbers] = {};
  std::copy_n(x + i, count - i, odd);
  note_group(odd, place);
}
void scale_where_not_set(Index count, const Real* x, const Real* place, Real slope, Real* y) {
  Index i = 0;
  for (; i + numbers <= count; i += numbers, place += words) scale_group(x + i, place, slope, y + i);
  if (i == count) return;
  Real odd[numbers] = {};
  std::copy_n(x + i, count - i, odd);
  scale_group(odd, place, slope, odd);
  std::copy_n(odd, count - i, y + i);
}

void rectify(Index count, const Real* x, Real slope, Real* y) {
  with_rectifier(slope, [=](auto rectified) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) y[i] = rectified(x[i]);
  });
}

// f(its first number, how many, the place of its words) for stretches of every sample, on all threads
template <class F>
void each_stretch(Index samples, Index size, F f) {
  constexpr Index longest = 16 * 1024;
  static_assert(longest % numbers == 0);
  const Index stretches = (size + longest - 1) / longest;
  parallel_for(samples * stretches, 0.5 * samples * size, [=](Index i) {
    const Index sample = i / stretches, begin = i % stretches * longest;
    f(sample * size + begin, std::min(longest, size - begin), sample * words_of(size) + begin / word_bits);
  });
}

}  // namespace

// What is positive before a rectifier is so behind it, and the other way round, since slopes are not negative.
Tensor rectify(Tensor x, Real slope, Tensor* positive) {
  if (positive) *positive = Tensor::uninitialized({1, words_of(x.size())});
  Real* const bits = positive ? positive->writable() : nullptr;
  const Real* const from = x.data();
  Tensor y = x.recycle();
  Real* const to = y.writable();
  each_stretch(1, y.size(), [=](Index first, Index count, Index place) {
    rectify(count, from + first, slope, to + first);
    if (bits) note_positive(count, to + first, bits + place);
  });
  return y;
}

Tensor scale_where_not_positive(Tensor x, const Tensor& positive, Real slope) {
  const Real *const from = x.data(), *const bits = positive.data();
  Tensor y = x.recycle();
  Real* const to = y.writable();
  const Index samples = positive.shape()[0];
  each_stretch(samples, y.size() / samples, [=](Index first, Index count, Index place) {
    scale_where_not_set(count, from + first, bits + place, slope, to + first);
  });
  return y;
}

bool Rectifier::suits(const Shape& x) {
  const Index size = x.size() / x[0];
  return 3 * words_of(size) * word_bits <= 4 * size;
}
Rectifier::Rectifier(Real slope, const Shape& x, bool note_positive)
    : slope_(slope), size_(x.size() / x[0]), words_(nullptr) {
  if (!note_positive) return;
  positive_ = Tensor::uninitialized({x[0], words_of(size_)});
  words_ = positive_.writable();
}

void Rectifier::operator()(Index first, Index count, Real* samples) const {
  rectify(count * size_, samples, slope_, samples);
  note(first, count, samples);
}
void Rectifier::note(Index first, Index count, const Real* samples) const {
  for (Index n = 0; words_ && n < count; ++n)
    note_positive(size_, samples + n * size_, words_ + (first + n) * words_of(size_));
}

}  // namespace tapestry::kernels
