// Which pictures make up a batch, and how they become numbers.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "autograd/error.hpp"
#include "autograd/machine.hpp"
#include "datasets/batches.hpp"

using namespace tapestry;

namespace {
using Numbers = std::vector<Index>;

Batches batches(Index count, Index batch_size, BatchPolicy policy, std::uint64_t seed = 1) {
  return Batches(count, batch_size, policy, Random(seed));
}

Numbers joined(Batches& batches, Index begin, Index end) {
  Numbers all;
  for (Index step = begin; step < end; ++step)
    for (const Index i : batches.indices(step)) all.push_back(i);
  return all;
}

Numbers sorted(Numbers numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Numbers up_to(Index count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), Index{0});
  return numbers;
}

const std::vector<BatchPolicy> all_policies = {BatchPolicy::with_replacement, BatchPolicy::shuffled_keep,
                                               BatchPolicy::shuffled_drop, BatchPolicy::shuffled_fill};
}  // namespace

TEST_CASE("a kept rest makes a shorter last batch, and each epoch has every picture once, in its own order") {
  Batches some = batches(10, 4, BatchPolicy::shuffled_keep);
  CHECK(some.first_step(1) == 3);
  CHECK(some.first_step(7) == 21);
  CHECK(some.epoch_of(2) == 0);
  CHECK(some.epoch_of(3) == 1);
  CHECK(some.indices(1).size() == 4);
  CHECK(some.indices(2).size() == 2);
  CHECK(some.indices(5).size() == 2);
  CHECK(sorted(joined(some, 0, 3)) == up_to(10));
  CHECK(sorted(joined(some, 3, 6)) == up_to(10));
  CHECK(joined(some, 0, 3) != up_to(10));
  CHECK(joined(some, 0, 3) != joined(some, 3, 6));
}

TEST_CASE("without a rest, keeping, dropping and filling are the same") {
  Batches keep = batches(12, 4, BatchPolicy::shuffled_keep), drop = batches(12, 4, BatchPolicy::shuffled_drop),
          fill = batches(12, 4, BatchPolicy::shuffled_fill);
  CHECK(joined(keep, 0, 9) == joined(drop, 0, 9));
  CHECK(joined(keep, 0, 9) == joined(fill, 0, 9));
}

TEST_CASE("a dropped rest is left out of its epoch only") {
  Batches keep = batches(10, 4, BatchPolicy::shuffled_keep), drop = batches(10, 4, BatchPolicy::shuffled_drop);
  CHECK(drop.first_step(1) == 2);
  CHECK(drop.first_step(5) == 10);
  CHECK(drop.epoch_of(1) == 0);
  CHECK(drop.epoch_of(2) == 1);
  CHECK(joined(drop, 0, 2) == joined(keep, 0, 2));
  CHECK(joined(drop, 2, 4) == joined(keep, 3, 5));
}

TEST_CASE("a filled rest goes on with the next order") {
  Batches keep = batches(10, 4, BatchPolicy::shuffled_keep), fill = batches(10, 4, BatchPolicy::shuffled_fill);
  CHECK(joined(fill, 0, 5) == joined(keep, 0, 6));  // two epochs of 10 are five batches of 4
  const std::vector<Index> epochs = {0, 0, 0, 1, 1, 2, 2, 2, 3};
  for (Index step = 0; step < 9; ++step) CHECK(fill.epoch_of(step) == epochs[step]);
  CHECK(fill.first_step(1) == 3);
  CHECK(fill.first_step(2) == 5);
  CHECK(fill.first_step(3) == 8);
}

TEST_CASE("a filled batch may be larger than the data set") {
  Batches fill = batches(3, 8, BatchPolicy::shuffled_fill);
  const Numbers batch = fill.indices(0);
  CHECK(batch.size() == 8);
  CHECK(sorted({batch.begin(), batch.begin() + 3}) == up_to(3));
  CHECK(sorted({batch.begin() + 3, batch.begin() + 6}) == up_to(3));
}

TEST_CASE("with replacement, each picture is as likely as the next, and some come twice in a batch") {
  Batches some = batches(10, 5, BatchPolicy::with_replacement);
  CHECK(some.first_step(1) == 2);
  CHECK(batches(10, 64, BatchPolicy::with_replacement).first_step(1) == 1);
  CHECK(batches(10, 64, BatchPolicy::with_replacement).indices(0).size() == 64);
  std::vector<int> seen(10);
  int repeats = 0;
  for (Index step = 0; step < 2000; ++step) {
    const Numbers batch = some.indices(step);
    CHECK(batch.size() == 5);
    for (const Index i : batch) ++seen.at(i);
    repeats += std::set<Index>(batch.begin(), batch.end()).size() < 5;
  }
  for (const int count : seen) CHECK(std::abs(count - 1000) < 150);  // five standard deviations
  CHECK(std::abs(repeats - 1395) < 110);                             // 1 - 10 9 8 7 6 / 10^5 of 2000
}

TEST_CASE("a step's batch depends on the key and the step, not on what was asked for before") {
  for (const BatchPolicy policy : all_policies) {
    Batches in_order = batches(10, 4, policy), resumed = batches(10, 4, policy), other = batches(10, 4, policy, 2);
    const Numbers expected = joined(in_order, 7, 12);
    CHECK(joined(resumed, 7, 12) == expected);
    joined(resumed, 0, 3);
    CHECK(joined(resumed, 7, 12) == expected);
    CHECK(joined(other, 7, 12) != expected);
  }
}

TEST_CASE("every order is as likely as the next") {
  std::vector<int> seen(27);  // an order of 3 pictures as a number
  for (int seed = 0; seed < 6000; ++seed) {
    const Numbers order = batches(3, 3, BatchPolicy::shuffled_keep, seed).indices(0);
    ++seen[order[0] * 9 + order[1] * 3 + order[2]];
  }
  for (const int order : {5, 7, 11, 15, 19, 21}) CHECK(std::abs(seen[order] - 1000) < 150);
}

TEST_CASE("batches that cannot be are refused") {
  const auto none = [](BatchPolicy policy) { batches(3, 4, policy); };
  const char* too_large =
      "batches: got a batch size of 4 for 3 pictures; expected at most 3 without replacement; take smaller batches, or "
      "fill the rest from the next order";
  CHECK_THROWS_WITH_AS(none(BatchPolicy::shuffled_keep), too_large, Error);
  CHECK_THROWS_WITH_AS(none(BatchPolicy::shuffled_drop), too_large, Error);
  CHECK(batches(4, 4, BatchPolicy::shuffled_drop).indices(0).size() == 4);
  for (const BatchPolicy policy : all_policies) {
    CHECK_THROWS_WITH_AS(batches(0, 1, policy), "batches: got 0 pictures; expected 1 or more", Error);
    CHECK_THROWS_WITH_AS(batches(1, 0, policy), "batches: got a batch size of 0; expected 1 or more", Error);
    CHECK_THROWS_WITH_AS(batches(1, 1, policy).indices(-1), "batches: asked for step -1; expected 0 or more", Error);
  }
}

TEST_CASE("gather takes pictures by number and scales them") {
  const Dataset data{"three pictures", {2, 1, 2}, {0, 51, 255, 102, 1, 2, 3, 4, 153, 204, 0, 255}, {}, 0, {}, {}};
  const Tensor from_zero = gather(data, {2, 0, 2}, Scale::zero_to_one);
  CHECK(from_zero.shape() == Shape{3, 2, 1, 2});
  const std::vector<double> expected = {0.6, 0.8, 0, 1, 0, 0.2, 1, 0.4, 0.6, 0.8, 0, 1};
  const Tensor around_zero = gather(data, {2, 0, 2}, Scale::minus_one_to_one);
  for (Index i = 0; i < 12; ++i) {
    CHECK(from_zero[i] == doctest::Approx(expected[i]));
    CHECK(around_zero[i] == doctest::Approx(2 * expected[i] - 1));
  }
  const char* outside = "gather: asked for picture 3 of three pictures; expected 0 to 2";
  CHECK_THROWS_WITH_AS(gather(data, {0, 3}, Scale::zero_to_one), outside, Error);
  CHECK_THROWS_AS(gather(data, {-1}, Scale::zero_to_one), Error);
}

TEST_CASE("flips mirror about half of the pictures, whole rows of them, by the step's key and the place in the batch") {
  Dataset data{"counting", {2, 2, 3}, {}, {}, 0, {}, {}};
  for (int i = 0; i < 12; ++i) data.pixels.push_back(static_cast<std::uint8_t>(i));
  const std::vector<Index> thousand(1000, 0);
  const Random key = Random(1)("flips");
  const Tensor plain = gather(data, {0}, Scale::zero_to_one),
               mixed = gather(data, thousand, Scale::zero_to_one, key(0));
  int mirrored = 0;
  for (Index n = 0; n < 1000; ++n) {
    const bool turned = mixed[n * 12] != plain[0];
    mirrored += turned;
    for (Index row = 0; row < 4; ++row)
      for (Index x = 0; x < 3; ++x) CHECK(mixed[n * 12 + row * 3 + x] == plain[row * 3 + (turned ? 2 - x : x)]);
  }
  CHECK(std::abs(mirrored - 500) < 80);  // five standard deviations
  const auto same = [&](const Tensor& other) { return std::equal(other.data(), other.data() + 12'000, mixed.data()); };
  CHECK(same(gather(data, thousand, Scale::zero_to_one, key(0))));
  CHECK_FALSE(same(gather(data, thousand, Scale::zero_to_one, key(1))));
  use_threads(3);
  CHECK(same(gather(data, thousand, Scale::zero_to_one, key(0))));
  use_threads(0);
}

TEST_CASE("labels_of takes labels by number") {
  const Dataset data{"three pictures", {1, 1, 1}, {0, 0, 0}, {7, 255, 9}, 256, {}, {}};
  CHECK(labels_of(data, {2, 1, 2, 0}) == std::vector<int>{9, 255, 9, 7});
  CHECK_THROWS_WITH_AS(labels_of(data, {3}), "labels_of: asked for picture 3 of three pictures; expected 0 to 2",
                       Error);
  CHECK_THROWS_WITH_AS(
      labels_of({"no names", {1, 1, 1}, {0}, {}, 0, {}, {}}, {0}),
      "labels_of: got no names, which has no labels; expected one for each picture; take labelled data", Error);
}

TEST_CASE("to_bytes undoes to_numbers for every byte, rounds, and clamps what lies outside") {
  std::vector<std::uint8_t> bytes(256);
  std::iota(bytes.begin(), bytes.end(), 0);
  for (const Scale scale : {Scale::zero_to_one, Scale::minus_one_to_one}) {
    std::vector<Real> numbers(256);
    to_numbers(bytes.data(), 256, scale, numbers.data());
    CHECK(to_bytes(Tensor({256}, numbers), scale) == bytes);
    CHECK(numbers.front() == (scale == Scale::zero_to_one ? 0 : -1));
    CHECK(numbers.back() == 1);
  }
  constexpr Real infinity = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();
  const Tensor outside({6}, {Real(-1.5), Real(1.5), infinity, -infinity, nan, Real(0.501)});
  CHECK(to_bytes(outside, Scale::zero_to_one) == std::vector<std::uint8_t>{0, 255, 255, 0, 0, 128});
  CHECK(to_bytes(outside, Scale::minus_one_to_one) == std::vector<std::uint8_t>{0, 255, 255, 0, 0, 191});
}
