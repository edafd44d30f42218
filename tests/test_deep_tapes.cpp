// Deep and long tapes: nothing that a tape does needs more stack or more than linear time for them.
#include <doctest/doctest.h>
#include <pthread.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "autograd/anomalies.hpp"
#include "autograd/ops.hpp"
#include "autograd/tape_call.hpp"

using namespace tapestry;

namespace {

constexpr int deep = 100'000;

// Runs it on a stack of 256 KB. Its checks are made afterwards, by the test itself.
void on_a_small_stack(std::function<void()> work) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  REQUIRE(pthread_attr_setstacksize(&small, 256 * 1024) == 0);
  pthread_t thread;
  const auto run = [](void* work) -> void* {
    (*static_cast<std::function<void()>*>(work))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &small, run, &work) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&small);
}

// x multiplied by 1 so many times that a recursion over it would need megabytes.
Var long_chain(Var x, int length) {
  for (int i = 0; i < length; ++i) x = std::move(x) * Real(1);
  return x;
}

}  // namespace

TEST_CASE("a deep tape that keeps everything is differentiated, consumed and destroyed") {
  std::vector<Real> slopes(3);
  on_a_small_stack([&] {
    {
      Tape tape(Keep::everything);
      const Var x = tape.variable(Tensor({}, 2), "x"), y = long_chain(x, deep);
      slopes[0] = tape.gradient(y, {x})[0].item();
      slopes[1] = tape.call(deep / 2).gradient.item();
    }
    Tape tape(Keep::everything);
    const Var x = tape.variable(Tensor({}, 2), "x"), y = long_chain(x * x, deep);
    slopes[2] = std::move(tape).gradient(y, {x})[0].item();
  });
  CHECK(slopes == std::vector<Real>{1, 1, 4});
}

TEST_CASE("the backward pass of a deep tape is recorded and differentiated again") {
  Real second = 0;
  on_a_small_stack([&] {
    Tape tape;
    const Var x = tape.variable(Tensor({}, 3), "x");
    const Var dx = tape.gradient(long_chain(x * x * x, deep), {x}, {.record = true})[0];
    second = tape.gradient(long_chain(dx, deep), {x})[0].item();
  });
  CHECK(second == 18);
}

TEST_CASE("sharing nodes take linear time, also when all is kept, recorded and looked for anomalies") {
  const DetectAnomalies detect;
  Tape tape(Keep::everything);
  const Var x = tape.variable(Tensor({}, 1), "x");
  Var y = x;
  for (int i = 0; i < 60; ++i) y = y + y;
  CHECK(tape.gradient(y, {x}, {.record = true})[0].item() == Real(0x1p60));
  CHECK(tape.call(30).gradient.item() == Real(0x1p30));
  CHECK(tape.to_svg().size() < 100'000);
}

TEST_CASE("a deep tape is printed and drawn") {
  std::size_t lines = 0, nodes = 0, texts = 0;
  on_a_small_stack([&] {
    Tape tape;
    const Var x = tape.variable(Tensor({}, 1), "x");
    const Var y = long_chain(x, deep) * x;
    std::ostringstream table;
    tape.print(table);
    const std::string printed = table.str(), dot = tape.to_dot(), svg = tape.to_svg();
    lines = std::count(printed.begin(), printed.end(), '\n');
    nodes = std::count(dot.begin(), dot.end(), '[');
    for (std::size_t at = svg.find(">scale<"); at != std::string::npos; at = svg.find(">scale<", at + 1)) ++texts;
  });
  CHECK(lines == deep + 4);
  CHECK(nodes == deep + 2 + 2 + 2);  // nodes, arguments of the last, and the defaults
  CHECK(texts == deep);
}

TEST_CASE("a wide tape is drawn: a value that is read at two thousand places") {
  Tape tape;
  const Var x = tape.variable(Tensor({}, 1), "x");
  Var y = x;
  for (int i = 0; i < 2000; ++i) y = std::move(y) + x;
  CHECK(tape.to_svg().size() < 4'000'000);
}
