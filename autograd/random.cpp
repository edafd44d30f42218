#include "autograd/random.hpp"

#include <cmath>
#include <numbers>

#include "autograd/error.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0], b = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(a)};
    k = {k[0] + 0x9E3779B9, k[1] + 0xBB67AE85};  // the golden ratio, and the square root of 3 less 1
  }
  return c;
}

namespace {

std::array<std::uint32_t, 4> words(std::uint64_t key, std::uint64_t n, std::uint64_t block) {
  return philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                 static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n >> 32)},
                {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
}

// Fills a tensor sample by sample: f(four words, where to, how many numbers), four numbers at a time.
template <class F>
Tensor fill(Shape shape, std::uint64_t key, Index first_sample, F f) {
  Tensor t = Tensor::uninitialized(shape);
  Real* const to = t.writable();
  const Index samples = shape.rank() ? shape[0] : 1, length = shape.size() / samples;
  const Index per_task = std::max<Index>(1, 4096 / length);
  kernels::parallel_for_blocks(samples, per_task, 5.0 * length, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n)
      for (Index i = 0; i < length; i += 4)
        f(words(key, first_sample + n, i / 4), to + n * length + i, std::min<Index>(4, length - i));
  });
  return t;
}

}  // namespace

// A purpose or number becomes a new key: FNV-1a over its bytes, then one Philox call, so that similar names and
// neighbouring numbers give keys that have nothing in common.
Random Random::operator()(std::string_view purpose) const {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char letter : purpose) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  const auto word = words(key_, hash, 0x7061747465726e);  // far from any block of numbers
  return Random(word[0] | std::uint64_t{word[1]} << 32);
}
Random Random::operator()(Index number) const {
  const auto word = words(key_, number, 0x6e756d626572);
  return Random(word[0] | std::uint64_t{word[1]} << 32);
}

std::uint32_t Random::word(Index n, Index i) const { return words(key_, n, i / 4)[i % 4]; }

Index Random::below(Index bound, Index n) const {
  const auto w = words(key_, n, 0);
  const std::uint64_t fraction = w[0] | std::uint64_t{w[1]} << 32;  // of 2^64
  return static_cast<Index>((static_cast<unsigned __int128>(fraction) * static_cast<std::uint64_t>(bound)) >> 64);
}

Tensor Random::uniform(Shape shape, Real low, Real high, Index first_sample) const {
  return fill(shape, key_, first_sample, [=](const auto& word, Real* to, Index count) {
    for (Index i = 0; i < count; ++i) to[i] = low + (high - low) * static_cast<Real>((word[i] >> 8) * 0x1p-24);
  });
}

// Box and Muller, "A note on the generation of random normal deviates", 1958: two normal numbers from two uniform ones.
Tensor Random::normal(Shape shape, Real mean, Real deviation, Index first_sample) const {
  return fill(shape, key_, first_sample, [=](const auto& word, Real* to, Index count) {
    double pair[4];
    for (int i = 0; i < 4; i += 2) {
      const double radius = std::sqrt(-2 * std::log((word[i] + 0.5) * 0x1p-32));
      const double angle = 2 * std::numbers::pi * word[i + 1] * 0x1p-32;
      pair[i] = radius * std::cos(angle);
      pair[i + 1] = radius * std::sin(angle);
    }
    for (Index i = 0; i < count; ++i) to[i] = static_cast<Real>(mean + deviation * pair[i]);
  });
}

Tensor Random::dropout_mask(Shape shape, double rate, Index first_sample) const {
  if (!(rate >= 0 && rate < 1)) fail("dropout: got a rate of ", rate, "; expected 0 or more and less than 1");
  const auto dropped = static_cast<std::uint64_t>(rate * 0x1p32);  // words below this
  const Real kept = static_cast<Real>(1 / (1 - rate));
  return fill(shape, key_, first_sample, [=](const auto& word, Real* to, Index count) {
    for (Index i = 0; i < count; ++i) to[i] = word[i] < dropped ? Real(0) : kept;
  });
}

}  // namespace tapestry
