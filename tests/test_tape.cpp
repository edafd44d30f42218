// The tape: what it computes and what it does not compute; and how tensors share and print numbers.
#include <doctest/doctest.h>
#include <pthread.h>

#include <atomic>
#include <cmath>
#include <optional>
#include <sstream>
#include <thread>

#include "autograd/anomalies.hpp"
#include "autograd/ops.hpp"
#include "autograd/random.hpp"
#include "autograd/rule.hpp"
#include "autograd/tape.hpp"

using namespace tapestry;

namespace {

Tensor number(Real x) { return Tensor({}, x); }

int copies_differentiated = 0;
// y = x, and a count of how often its rule ran.
Var counted(Var x) {
  Var y = x.value() + Real(0);
  return apply("counted", y, {x}, {[](Var g) {
                 ++copies_differentiated;
                 return g;
               }});
}

// dy/dx of a function of one number, and of its derivative, and so on.
std::vector<Real> derivatives(const std::function<Var(Var)>& f, Real x, int order) {
  Tape tape;
  const Var at = tape.variable(number(x));
  std::vector<Real> all;
  Var y = f(at);
  for (int k = 0; k < order; ++k) all.push_back((y = tape.gradient(y, {at}, {.record = true})[0]).item());
  return all;
}

std::string printed(const Tensor& t) {
  std::ostringstream text;
  text << t;
  return text.str();
}

}  // namespace

TEST_CASE("fan-out adds up") {
  Tape tape;
  const Var a = tape.variable(number(3));
  CHECK(tape.gradient(a + a, {a})[0].item() == 2);
  CHECK(tape.gradient(a * a, {a})[0].item() == 6);
  CHECK(tape.gradient(a * a + a, {a})[0].item() == 7);
  CHECK(tape.gradient(a, {a})[0].item() == 1);
  const Var b = a * a;
  CHECK(tape.gradient(b * b, {a, b, a})[0].item() == 108);
  CHECK(tape.gradient(b * b, {a, b, a})[1].item() == 18);  // also by what was computed on the way
  CHECK(tape.gradient(b * b, {a, b, a})[2].item() == 108);
}

// Without a witness, `linear` adds its gradient onto what other calls have found; the numbers are those of a plain sum.
TEST_CASE("a weight that several batches went through") {
  const Tensor w = Random(1).normal({19, 37}), bias = Random(2).normal({19});
  std::vector<Tensor> batches;
  for (Index n : {70, 32, 5}) batches.push_back(Random(3)(n).normal({n, 37}));
  const auto loss_on = [&](const Tensor& x, Var at, Var b) { return sum(tanh(linear(x, at, b))); };

  Tensor expected;  // the last batch comes first on the way back
  for (auto x = batches.rbegin(); x != batches.rend(); ++x) {
    Tape tape;
    const Var at = tape.variable(w), loss = loss_on(*x, at, bias);
    const Tensor one = tape.gradient(loss, {at})[0].value();
    expected = expected.empty() ? one : (Var(expected) + Var(one)).value();
  }
  enum Watcher { nobody, anomalies, another_tape, another_thread };
  for (const Watcher watcher : {nobody, anomalies, another_tape, another_thread}) {
    CAPTURE(static_cast<int>(watcher));
    std::optional<DetectAnomalies> watching;  // these three make values stay where they are
    std::optional<Tape> other;
    std::atomic<bool> there = false, done = false;
    std::thread thread;
    if (watcher == anomalies) watching.emplace();
    if (watcher == another_tape) other.emplace(Keep::everything);
    if (watcher == another_thread) {
      thread = std::thread([&] {
        const DetectAnomalies elsewhere;
        there = true;
        while (!done) std::this_thread::yield();
      });
      while (!there) std::this_thread::yield();
    }
    Tape tape;
    const Var at = tape.variable(w), b = tape.variable(bias);
    Var loss = number(0);
    for (const Tensor& x : batches) loss = loss + loss_on(x, at, b);
    const Vars first = tape.gradient(loss, {at, b});
    CHECK(first[0].value().numbers() == expected.numbers());
    const Vars recorded = tape.gradient(loss, {at}, {.record = true});
    CHECK(recorded[0].value().numbers() == expected.numbers());
    CHECK(std::move(tape).gradient(loss, {at})[0].value().numbers() == expected.numbers());
    CHECK(first[0].value().numbers() == expected.numbers());
    done = true;
    if (thread.joinable()) thread.join();
  }
}

TEST_CASE("two losses of one forward pass, the second one consuming the tape") {
  Tape tape;
  const Var x = tape.variable(Tensor({3}, {1, 2, 3})), y = x * x;
  CHECK(tape.gradient(sum(y), {x})[0].value().numbers() == std::vector<Real>{2, 4, 6});
  CHECK(std::move(tape).gradient(sum(y * y), {x})[0].value().numbers() == std::vector<Real>{4, 32, 108});
}

TEST_CASE("consuming and not consuming give the same gradients") {
  Parameter w("w", Tensor({2}, {3, -1}));
  for (Keep keep : {Keep::what_rules_read, Keep::everything}) {
    const auto loss = [&](Tape& tape) {
      const Var x = tape.variable(w);
      return sum(exp(x) * x + tanh(x * x));
    };
    Tape kept(keep), consumed(keep);
    const Var loss_1 = loss(kept), loss_2 = loss(consumed);
    const Gradients first = kept.gradient(loss_1, Parameters{&w}),
                    second = std::move(consumed).gradient(loss_2, Parameters{&w});
    CHECK(first[0].first == &w);
    CHECK(first[0].second.numbers() == second[0].second.numbers());
    CHECK(kept.gradient(loss_1, Parameters{&w})[0].second.numbers() == second[0].second.numbers());
  }
}

TEST_CASE("only what was asked for is computed") {
  Tape tape;
  const Var a = tape.variable(number(2)), b = tape.variable(number(3));
  const Var loss = counted(a) * counted(counted(b)) * counted(number(5));
  const auto rules_run_for = [&](const Vars& wrt) {
    copies_differentiated = 0;
    tape.gradient(loss, wrt);
    return copies_differentiated;
  };
  CHECK(rules_run_for({a}) == 1);
  CHECK(rules_run_for({b}) == 2);
  CHECK(rules_run_for({a, b}) == 3);
  CHECK(rules_run_for({loss}) == 0);
  counted(a);  // leads nowhere
  CHECK(rules_run_for({a}) == 1);
}

TEST_CASE("frozen parameters are simply not asked for") {
  Parameter w("w", number(2)), frozen("frozen", number(5));
  Tape tape;
  const Var loss = tape.variable(w) * counted(tape.variable(frozen));
  copies_differentiated = 0;
  const Gradients gradients = std::move(tape).gradient(loss, Parameters{&w});
  REQUIRE(gradients.size() == 1);
  CHECK(gradients[0].second.item() == 5);
  CHECK(copies_differentiated == 0);
}

TEST_CASE("recorded gradients can be differentiated again") {
  CHECK(derivatives([](Var x) { return x * x * x; }, 2, 3) == std::vector<Real>{12, 12, 6});
  const std::vector<Real> of_tanh = derivatives([](Var x) { return tanh(x); }, Real(0.5), 3);
  const double t = std::tanh(0.5), slope = 1 - t * t;
  CHECK(of_tanh[0] == doctest::Approx(slope));
  CHECK(of_tanh[1] == doctest::Approx(-2 * t * slope));
  CHECK(of_tanh[2] == doctest::Approx(-2 * slope * slope + 4 * t * t * slope));

  Tape tape;  // the gradient by one Var, differentiated by another
  const Var x = tape.variable(number(2)), y = tape.variable(number(3));
  const Var dx = tape.gradient(x * x * y, {x}, {.record = true})[0];
  CHECK(dx.recorded());
  CHECK(tape.gradient(dx, {y})[0].item() == 4);
  CHECK_FALSE(tape.gradient(x * x * y, {x})[0].recorded());
}

TEST_CASE("values never change under another Var") {
  Tape tape;
  Var x = tape.variable(Tensor({2}, {1, 2}));
  const Var copy = x;
  const Tensor constant({2}, {5, 6});
  Var moved = constant;
  const Var y = exp(tanh(std::move(x) + Real(1)) * Real(2)) + std::move(moved);
  CHECK(copy.value().numbers() == std::vector<Real>{1, 2});
  CHECK(constant.numbers() == std::vector<Real>{5, 6});
  const std::vector<Real> before = y.value().numbers();
  const Tensor gradient = tape.gradient(sum(y), {copy})[0].value();
  const std::vector<Real> first = gradient.numbers();
  tape.gradient(sum(y * y), {copy});
  CHECK(y.value().numbers() == before);
  CHECK(gradient.numbers() == first);
  CHECK(copy.value().numbers() == std::vector<Real>{1, 2});

  Tensor a({2}, {1, 2}), b = a;
  CHECK(a.shares_storage_with(b));
  a.writable()[0] = 9;
  CHECK(b[0] == 1);
  CHECK(a[0] == 9);
}

TEST_CASE("y = y + y takes linear time") {
  Tape tape;
  const Var x = tape.variable(number(1));
  Var y = x;
  for (int i = 0; i < 60; ++i) y = y + y;
  CHECK(y.item() == Real(0x1p60));
  CHECK(std::move(tape).gradient(y, {x})[0].item() == Real(0x1p60));
}

namespace {
// 1 + 1 + 1 + ..., a million times, differentiated and destroyed.
void* long_chain(void* result) {
  Tape tape;
  const Var x = tape.variable(number(0));
  Var y = x * Real(1);
  for (int i = 0; i < 1'000'000; ++i) y = std::move(y) + Real(1);
  const Real slope = tape.gradient(y, {x})[0].item();
  *static_cast<Real*>(result) = slope * y.item();
  return nullptr;
}
}  // namespace

TEST_CASE("a chain of a million calls needs no stack") {
  pthread_attr_t small;
  pthread_attr_init(&small);
  REQUIRE(pthread_attr_setstacksize(&small, 256 * 1024) == 0);
  Real result = 0;
  pthread_t thread;
  REQUIRE(pthread_create(&thread, &small, long_chain, &result) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&small);
  CHECK(result == 1'000'000);
}

TEST_CASE("two tapes in two threads") {
  const auto work = [](Real start, std::vector<Real>& slopes) {
    for (int i = 0; i < 200; ++i) {
      Tape tape;
      const Var x = tape.variable(number(start + static_cast<Real>(i)));
      slopes.push_back(std::move(tape).gradient(x * x, {x})[0].item());
    }
  };
  std::vector<Real> first, second;
  std::thread other(work, Real(1000), std::ref(second));
  work(0, first);
  other.join();
  for (int i = 0; i < 200; ++i) {
    CHECK(first[i] == 2 * Real(i));
    CHECK(second[i] == 2 * Real(1000 + i));
  }
}

TEST_CASE("tensors print readably") {
  CHECK(printed(number(Real(2.5))) == "2.5");
  CHECK(printed(Tensor({3}, {1, -2, Real(0.125)})) == "[    1    -2 0.125]  (3)");
  CHECK(printed(Tensor({2, 3}, {1, 2, 3, 4, 5, 60})) == "[[ 1  2  3]\n [ 4  5 60]]  (2, 3)");
  CHECK(printed(Tensor({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})) == "[[[1 2]\n  [3 4]]\n [[5 6]\n  [7 8]]]  (2, 2, 2)");
  CHECK(printed(Tensor({9}, {0, 1, 2, 3, 4, 5, 6, 7, 8})) == "[0 1 2 ... 6 7 8]  (9)");
  CHECK(printed(Tensor({1, 1}, Real(1) / 3)) == "[[0.3333]]  (1, 1)");
  CHECK(printed(Tensor()) == "(no numbers)");
}
