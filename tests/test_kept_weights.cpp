// What is made of weights is kept until they change.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "autograd/kernels/kept_weights.hpp"
#include "autograd/memory.hpp"
#include "autograd/random.hpp"

using namespace tapestry;
using kernels::Convolution;
using kernels::Direction;

namespace {

const Convolution layer{4, 3, 8, 8, 5, 4, 4, Geometry::square(4, 2, 1)};
constexpr Index room = kernels::room_for_weights;

// Asks for `size` numbers, all of them `number` if they are made now; says what comes.
Real ask(const Tensor& w, Real number, Convolution k = layer, Direction direction = Direction::gather, Index size = 8) {
  k.H = size;  // a number of its own for each size, as layers have it
  const Tensor got = kernels::kept_weights(w, k, direction, size, [&](Real* to) { std::fill_n(to, size, number); });
  CHECK(got.size() == size);
  CHECK(got[size - 1] == got[0]);
  return got[0];
}

}  // namespace

TEST_CASE("tensors: an edition for every state of the numbers") {
  Tensor a({2}, {1, 2});
  const Tensor b = a, other({2}, {1, 2});
  CHECK(a.edition() == b.edition());
  CHECK(a.reshaped({2, 1}).edition() == b.edition());
  CHECK(other.edition() != b.edition());
  a.writable();  // a copy of its own
  CHECK(a.edition() != b.edition());
  const auto before = a.edition();
  a.writable();  // in place
  CHECK(a.edition() != before);
  CHECK(a.edition() != b.edition());
  const auto last = a.edition();
  CHECK(a.take().edition() == last);
}

TEST_CASE("kept weights: until somebody writes to them") {
  Tensor w(layer.weight(), 1);
  CHECK(ask(w, 1) == 1);
  CHECK(ask(w, 2) == 1);
  const Tensor same = w;
  w.writable();
  CHECK(ask(w, 3) == 3);
  CHECK(ask(same, 4) == 1);  // what it was
  w.writable();
  CHECK(ask(w, 5) == 5);
}

TEST_CASE("kept weights: for one convolution of any number of pictures, in one direction") {
  const Tensor w(layer.weight(), 1);
  CHECK(ask(w, 1) == 1);
  Convolution other = layer;
  other.N = 7;
  CHECK(ask(w, 2, other) == 1);
  CHECK(ask(w, 3, layer, Direction::scatter) == 3);
  other.P = 3;
  CHECK(ask(w, 4, other) == 4);
  other = layer;
  other.g.stride_w = 1;
  CHECK(ask(w, 5, other) == 5);
  CHECK(ask(w, 6) == 1);
  CHECK(ask(w, 7, layer, Direction::scatter) == 3);
}

TEST_CASE("kept weights: what was used last stays where there is no room for all") {
  const Tensor a(layer.weight(), 1), b(layer.weight(), 1), c(layer.weight(), 1);
  const auto ask_half = [](const Tensor& w, Real number) { return ask(w, number, layer, Direction::gather, room / 2); };
  CHECK(ask_half(a, 1) == 1);
  CHECK(ask_half(b, 2) == 2);
  CHECK(ask_half(a, 3) == 1);
  CHECK(ask_half(c, 4) == 4);
  CHECK(ask_half(a, 5) == 1);
  CHECK(ask_half(b, 6) == 6);
  CHECK(ask(c, 7, layer, Direction::scatter, room + 1) == 7);  // too large to be kept
  CHECK(ask(c, 8, layer, Direction::scatter, room + 1) == 8);
  CHECK(ask_half(a, 9) == 1);
  CHECK(ask_half(b, 10) == 6);
}

TEST_CASE("kept weights: a new edition takes the place of the last, and no more than the room is taken") {
  kernels::forget_kept_weights();
  const std::size_t before = memory::usage().live_bytes;
  const auto taken = [&] { return memory::usage().live_bytes - before; };
  const Tensor other(layer.weight(), 1);
  Tensor w(layer.weight(), 1);
  Tensors many;
  for (int number = 0; number < 20; ++number) many.emplace_back(layer.weight(), 1);
  const std::size_t weights = taken();
  CHECK(ask(other, 1, layer, Direction::gather, room / 4) == 1);
  for (int edition = 2; edition < 20; ++edition, w.writable())
    CHECK(ask(w, static_cast<Real>(edition), layer, Direction::gather, room / 4) == edition);
  CHECK(ask(other, 20, layer, Direction::gather, room / 4) == 1);
  CHECK(taken() < weights + room * sizeof(Real) * 3 / 4);
  for (const Tensor& one : many) ask(one, 0, layer, Direction::gather, room / 5);
  CHECK(taken() < weights + room * sizeof(Real) * 9 / 8);  // sizes of blocks are rounded by up to an eighth
  kernels::forget_kept_weights();
  CHECK(taken() == weights);
}

TEST_CASE("kept weights: an edition that somebody still reads is left alone") {
  Tensor w(layer.weight(), 1);
  const auto get = [&](Real number) {
    return kernels::kept_weights(w, layer, Direction::gather, 8, [&](Real* to) { std::fill_n(to, 8, number); });
  };
  const Tensor first = get(1);
  w.writable();
  CHECK(get(2)[0] == 2);
  CHECK(first[0] == 1);
}

TEST_CASE("kept weights: several threads at once") {
  const Tensor of_all(layer.weight(), 1);
  Convolution large = layer;
  large.H = room / 6;
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0, made = 0;
  const auto ask_for = [&](const Tensor& w, Real number) {
    const Tensor got = kernels::kept_weights(w, large, Direction::gather, room / 6, [&](Real* to) {
      ++made;
      std::fill_n(to, 8, number);
    });
    wrong += got[0] != number || got[7] != number;
  };
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Tensor own(layer.weight(), 1);
      for (int i = 0; i < 200; ++i) {
        if (i % 3 == 0) own.writable();
        ask_for(own, static_cast<Real>(1000 * t + i / 3));
        ask_for(of_all, -1);
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(wrong == 0);
  CHECK(made == 4 * 67 + 1);
}

TEST_CASE("kept weights: a convolution sees that its weights have changed") {
  const Convolution k{2, 20, 14, 14, 24, 7, 7, Geometry::square(4, 2, 1)};
  const Tensor x = Random(1).normal(k.big()), y = Random(2).normal(k.small());
  Tensor w = Random(3).normal(k.weight());
  namespace winograd = kernels::winograd;
  for (const Index changed : {0, 777, 7679}) {
    const Tensor before = winograd::gather(k, x, w), x_before = winograd::scatter(k, y, w);
    CHECK(winograd::gather(k, x, w).numbers() == before.numbers());
    w.writable()[changed] += 1;
    const Tensor fresh(w.shape(), w.numbers());
    const Tensor after = winograd::gather(k, x, w), x_after = winograd::scatter(k, y, w);
    CHECK(after.numbers() != before.numbers());
    CHECK(x_after.numbers() != x_before.numbers());
    CHECK(after.numbers() == winograd::gather(k, x, fresh).numbers());
    CHECK(x_after.numbers() == winograd::scatter(k, y, fresh).numbers());
  }
}
