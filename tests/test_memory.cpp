// Where memory comes from and goes to. (That a training step recycles all of it: test_training_step.cpp.)
#include <doctest/doctest.h>

#include <cstdint>
#include <thread>

#include "autograd/kernels/scratch.hpp"

using namespace tapestry;
using kernels::Scratch;

namespace {
std::size_t live() { return memory::usage().live_bytes; }
bool overlap(const Real* a, Index a_size, const Real* b, Index b_size) { return a < b + b_size && b < a + a_size; }
}  // namespace

TEST_CASE("scratch: blocks are aligned, apart from each other, counted, and given back") {
  const std::size_t before = live();
  for (const Index size : {0, 1, 15, 16, 17, 100'000, 3'000'000}) {  // the last one fits no stack of scratch
    CAPTURE(size);
    const Scratch a(size), b(size), c(1);
    for (const Real* block : {static_cast<Real*>(a), static_cast<Real*>(b), static_cast<Real*>(c)})
      CHECK(reinterpret_cast<std::uintptr_t>(block) % memory::alignment == 0);
    CHECK_FALSE(overlap(a, size, b, size));
    CHECK_FALSE(overlap(b, size, c, 1));
    CHECK_FALSE(overlap(a, size, c, 1));
    CHECK(live() >= before + (2 * size + 1) * sizeof(Real));
    if (size > 0) a[size - 1] = b[0] = 1;
  }
  CHECK(live() == before);
}

TEST_CASE("scratch: so much that it fills the stack to its last line, and more") {
  const std::size_t before = live();
  constexpr Index line = memory::alignment / sizeof(Real), stack = (2 << 20) / sizeof(Real);
  {
    const Scratch all(stack), none(0), more(line);
    CHECK_FALSE(overlap(all, stack, more, line));
    CHECK_FALSE(overlap(all, stack, none, 1));
    all[stack - 1] = more[line - 1] = 1;
  }
  CHECK(live() == before);
  const Scratch again(line);
  again[0] = 1;
}

TEST_CASE("scratch: each thread has its own") {
  const Index size = 1000;
  const Scratch here(size);
  std::thread([&] {
    const Scratch there(size);
    CHECK_FALSE(overlap(here, size, there, size));
  }).join();
}

TEST_CASE("scratch: what was given back last is handed out first") {
  const Real* first = nullptr;
  {
    const Scratch a(100);
    first = a;
  }
  const Scratch b(200);
  if (memory::recycles)
    CHECK(static_cast<Real*>(b) == first);
  else
    MESSAGE("skipped: AddressSanitizer gets every block anew");
}
