#include "autograd/random.hpp"

#include <cmath>
#include <numbers>

#include "autograd/error.hpp"
#include "autograd/kernels/parallel.hpp"

namespace tapestry {

namespace {

// The four words of several counters side by side, words[i][lane], for vectors to be used; 32 bits each, in lanes of
// 64, where a product fits.
template <std::size_t lanes>
using Words = std::array<std::array<std::uint64_t, lanes>, 4>;

template <std::size_t lanes>
void philox_rounds(Words<lanes>& c, std::array<std::uint32_t, 2> k) {
  constexpr std::uint64_t low = 0xFFFFFFFF;
  for (int round = 0; round < 10; ++round) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::uint64_t a = 0xD2511F53 * c[0][lane], b = 0xCD9E8D57 * c[2][lane];
      c[0][lane] = (b >> 32) ^ c[1][lane] ^ k[0];
      c[1][lane] = b & low;
      c[2][lane] = (a >> 32) ^ c[3][lane] ^ k[1];
      c[3][lane] = a & low;
    }
    k = {k[0] + 0x9E3779B9, k[1] + 0xBB67AE85};  // the golden ratio, and the square root of 3 less 1
  }
}

std::array<std::uint32_t, 2> halves(std::uint64_t x) {
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(x >> 32)};
}

std::array<std::uint32_t, 4> words(std::uint64_t key, std::uint64_t n, std::uint64_t block) {
  return philox({halves(block)[0], halves(block)[1], halves(n)[0], halves(n)[1]}, halves(key));
}

// The words of `blocks` blocks from the first one on, one block after another.
constexpr Index blocks = 16, block_words = 4 * blocks;
void words_of_blocks(std::uint64_t key, std::uint64_t n, std::uint64_t first, std::uint32_t* to) {
  Words<blocks> c;
  for (Index lane = 0; lane < blocks; ++lane) {
    c[0][lane] = halves(first + lane)[0], c[1][lane] = halves(first + lane)[1];
    c[2][lane] = halves(n)[0], c[3][lane] = halves(n)[1];
  }
  philox_rounds(c, halves(key));
  for (Index lane = 0; lane < blocks; ++lane)
    for (Index i = 0; i < 4; ++i) to[4 * lane + i] = static_cast<std::uint32_t>(c[i][lane]);
}

// Goes through a tensor sample by sample: f(words, place, how many numbers), one word for each number, up to
// block_words of them at a time.
template <class F>
void for_each_word(const Shape& shape, std::uint64_t key, Index first_sample, F f) {
  const Index samples = shape.rank() ? shape[0] : 1, length = shape.size() / samples;
  const Index per_task = std::max<Index>(1, 4096 / length);
  kernels::parallel_for_blocks(samples, per_task, 2.0 * length, [&](Index begin, Index end) {
    std::array<std::uint32_t, block_words> word;
    for (Index n = begin; n < end; ++n)
      for (Index i = 0; i < length; i += block_words) {
        words_of_blocks(key, first_sample + n, i / 4, word.data());
        f(word.data(), n * length + i, std::min(block_words, length - i));
      }
  });
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  Words<1> c{{{counter[0]}, {counter[1]}, {counter[2]}, {counter[3]}}};
  philox_rounds(c, key);
  for (std::size_t i = 0; i < 4; ++i) counter[i] = static_cast<std::uint32_t>(c[i][0]);
  return counter;
}

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
  Tensor t = Tensor::uninitialized(shape);
  Real* const to = t.writable();
  for_each_word(shape, key_, first_sample, [=](const std::uint32_t* word, Index place, Index count) {
    for (Index i = 0; i < count; ++i) to[place + i] = low + (high - low) * static_cast<Real>((word[i] >> 8) * 0x1p-24);
  });
  return t;
}

// Box and Muller, "A note on the generation of random normal deviates", 1958: two normal numbers from two uniform ones.
Tensor Random::normal(Shape shape, Real mean, Real deviation, Index first_sample) const {
  Tensor t = Tensor::uninitialized(shape);
  Real* const to = t.writable();
  for_each_word(shape, key_, first_sample, [=](const std::uint32_t* word, Index place, Index count) {
    for (Index i = 0; i < count; i += 2) {
      const double radius = std::sqrt(-2 * std::log((word[i] + 0.5) * 0x1p-32));
      const double angle = 2 * std::numbers::pi * word[i + 1] * 0x1p-32;
      to[place + i] = static_cast<Real>(mean + deviation * (radius * std::cos(angle)));
      if (i + 1 < count) to[place + i + 1] = static_cast<Real>(mean + deviation * (radius * std::sin(angle)));
    }
  });
  return t;
}

Tensor Random::dropout(Tensor x, double rate, Index first_sample) const {
  if (!(rate >= 0 && rate < 1)) fail("dropout: got a rate of ", rate, "; expected 0 or more and less than 1");
  const auto dropped = static_cast<std::uint32_t>(rate * 0x1p32);  // words below this
  const Real scale = static_cast<Real>(1 / (1 - rate));
  const Real* const from = x.data();
  Tensor y = x.recycle();
  Real* const to = y.writable();
  for_each_word(y.shape(), key_, first_sample, [=](const std::uint32_t* word, Index place, Index count) {
    for (Index i = 0; i < count; ++i) {
      const Real kept = from[place + i] * scale;
      to[place + i] = word[i] < dropped ? Real(0) : kept;
    }
  });
  return y;
}

}  // namespace tapestry
