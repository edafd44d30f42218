// What can be seen of a tape: its calls, the table, the graphs, and what an observer is told.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "autograd/ops.hpp"
#include "autograd/scope.hpp"
#include "autograd/tape_call.hpp"
#include "layers/layers.hpp"

using namespace tapestry;

namespace {

Tensor number(Real x) { return Tensor({}, x); }

std::string printed(const Tape& tape) {
  std::ostringstream text;
  tape.print(text);
  return text.str();
}

constexpr std::size_t real = sizeof(Real);

}  // namespace

TEST_CASE("a tape that keeps everything shows values, gradients and where they came from") {
  Parameter p("3.weight", number(5));
  Tape tape(Keep::everything);
  const Var x = tape.variable(number(2), "x"), w = tape.variable(p);
  const Var product = x * w, y = Var(number(1)) - product * product;
  CHECK(tape.gradient(y, {x, w})[0].item() == -100);

  const std::vector<TapeCall> calls = tape.calls();
  REQUIRE(calls.size() == 5);
  CHECK(calls[0].op == "variable");
  CHECK(calls[0].name == "x");
  CHECK(calls[0].is_variable());
  CHECK_FALSE(calls[0].is_parameter);
  CHECK(calls[1].name == "3.weight");
  CHECK(calls[1].is_parameter);
  CHECK(calls[2].op == "multiply");
  CHECK(calls[2].name.empty());
  REQUIRE(calls[2].x.size() == 2);
  CHECK(calls[2].x[0].call == 0);
  CHECK(calls[2].x[1].call == 1);
  CHECK(calls[2].x[1].value.item() == 5);
  CHECK_FALSE(calls[4].x[0].call.has_value());
  CHECK(calls[4].x[0].value.item() == 1);  // also a constant that could have been written over
  const std::vector<Real> values = {2, 5, 10, 100, -99}, gradients = {-100, -40, -20, -1, 1};
  for (int i = 0; i < 5; ++i) {
    CHECK(calls[i].number == i);
    CHECK(calls[i].value.item() == values[i]);
    CHECK(calls[i].gradient.item() == gradients[i]);
    CHECK(calls[i].milliseconds.has_value());
    CHECK_FALSE(calls[i].rule_of.has_value());
  }
  CHECK(calls[3].rule_milliseconds.has_value());
  CHECK_FALSE(calls[0].rule_milliseconds.has_value());
  CHECK(tape.call(3).value.item() == 100);

  tape.gradient(product, {x});  // only this one's gradients are shown now
  CHECK(tape.call(0).gradient.item() == 5);
  CHECK(tape.call(4).gradient.empty());
}

TEST_CASE("a tape that keeps what rules read shows shapes, and the bytes of that") {
  Tape tape;
  const Var x = tape.variable(Tensor({4}, 2), "x");
  const Var y = tanh(x), z = y * x;
  const Var loss = sum(z);
  const std::vector<TapeCall> calls = tape.calls();
  CHECK(calls[1].bytes == 4 * real);  // tanh reads its y
  CHECK(calls[2].bytes == 4 * real);  // x; y is kept already
  CHECK(calls[3].bytes == 0);
  CHECK(tape.call(2).bytes == 8 * real);  // on its own
  CHECK(calls[2].value.empty());
  CHECK_FALSE(calls[2].milliseconds.has_value());
  CHECK(calls[2].shape == Shape{4});
}

TEST_CASE("the table of a tape") {
  Sequential network("critic");
  network.add<Linear>(Shape{1, 3}, LinearOptions{.features = 2, .bias = true}, Random(1));
  Tape tape;
  const Var y = network(Pass::training(Random(1), tape), Tensor({4, 3}, 1));
  const Var a = tape.variable(number(1), "a");
  const Var loss = sum(y) * a;
  tape.gradient(loss, {a}, {.record = true});
  const auto bytes = [](std::size_t numbers) {
    const std::string text = std::to_string(numbers * sizeof(Real));
    return std::string(10 - text.size(), ' ') + text + "\n";
  };
  CHECK(printed(tape) ==
        "call  operation             layer            shape   from                                bytes kept\n"
        "   0  parameter '0.weight'  critic.0 linear  (2, 3)                                      " +
            bytes(0) + "   1  parameter '0.bias'    critic.0 linear  (2)                                         " +
            bytes(0) + "   2  linear                critic.0 linear  (4, 2)  constant, 0 '0.weight', 1 '0.bias'  " +
            bytes(12) + "   3  variable 'a'                           ()                                          " +
            bytes(0) + "   4  sum_to                                 ()      2                                   " +
            bytes(0) + "   5  multiply                               ()      4, 3 'a'                            " +
            bytes(2) + "   6  multiply (rule of 5)                   ()      constant, 4                         " +
            bytes(1) + "7 calls keep " + std::to_string(15 * sizeof(Real)) + " bytes\n");
  CHECK(printed(Tape()) == "call  operation  shape  from  bytes kept\n0 calls keep 0 bytes\n");

  Tape timed(Keep::times);
  const Var x = timed.variable(number(1), "x");
  timed.gradient(exp(x), {x});
  CHECK(printed(timed).starts_with("call  operation     shape  from   bytes kept      ms  ms of its rules\n"));
}

TEST_CASE("scopes name what is recorded in them, and rules belong to where their call is") {
  Tape tape;
  const Var x = tape.variable(number(1), "x");
  Var y;
  {
    const Scope outer("encoder");
    y = exp(x);
    {
      const Scope inner("2", "dense");
      y = tanh(y);
    }
    y = exp(y);
  }
  tape.gradient(y * x, {x}, {.record = true});
  std::vector<std::string> paths;
  for (const TapeCall& call : tape.calls())
    if (!call.rule_of) paths.push_back(call.path);
  CHECK(paths == std::vector<std::string>{"", "encoder", "encoder.2 dense", "encoder", ""});
  for (const TapeCall& call : tape.calls())
    if (call.rule_of) CHECK(call.path == tape.call(*call.rule_of).path);
  CHECK(std::any_of(paths.begin(), paths.end(), [](const std::string& p) { return p == "encoder.2 dense"; }));
  CHECK(Scope::innermost() == nullptr);
}

TEST_CASE("what has ended or never was cannot be looked at") {
  Tape tape;
  const Var x = tape.variable(number(1), "x");
  CHECK_THROWS_WITH_AS(tape.call(1), "Tape: got call 1; expected 0 to 0, the calls on this tape", Error);
  CHECK_THROWS_WITH_AS(tape.call(-1), doctest::Contains("got call -1"), Error);
  const Var y = exp(x);
  std::move(tape).gradient(y, {x});
  const char* const ended =
      "Tape: this tape was consumed by std::move(tape).gradient(...); expected a living one; look at it before it ends";
  CHECK_THROWS_WITH_AS(tape.calls(), ended, Error);
  CHECK_THROWS_WITH_AS(tape.call(0), ended, Error);
  CHECK_THROWS_WITH_AS(printed(tape), ended, Error);
  CHECK_THROWS_WITH_AS(tape.to_dot(), ended, Error);
  CHECK_THROWS_WITH_AS(tape.to_svg(), ended, Error);
  CHECK_THROWS_WITH_AS(
      tape.observe(nullptr),
      "observe: this tape was consumed by std::move(tape).gradient(...); expected a living one; record "
      "on a new tape",
      Error);
}

TEST_CASE("an observer is told of calls, rules and sums in the order in which they happen") {
  struct Listener : TapeObserver {
    std::ostringstream said;
    void called(int call) override { said << "called " << call << "; "; }
    void reached(int call, const Tensor& g) override { said << "reached " << call << " with " << g << "; "; }
    void ran(int call, const Tensors& dx) override {
      said << "ran " << call << ":";
      for (const Tensor& t : dx) said << (t.empty() ? " -" : " ") << (t.empty() ? "" : std::to_string(int(t.item())));
      said << "; ";
    }
    void added(int call, int argument, const Tensor& dL) override {
      said << "added " << call << "." << argument << " to " << dL << "; ";
    }
  } listener;
  Tape tape;
  tape.observe(&listener);
  const Var a = tape.variable(number(3), "a"), b = a + a, c = b * number(5);
  CHECK(listener.said.str() == "called 0; called 1; called 2; ");
  listener.said.str("");
  tape.gradient(c, {a});
  CHECK(listener.said.str() ==
        "reached 2 with 1; ran 2: 5 -; added 2.0 to 5; "
        "reached 1 with 5; ran 1: 5 5; added 1.0 to 5; added 1.1 to 10; reached 0 with 10; ");
  listener.said.str("");
  tape.observe(nullptr);
  CHECK(tape.gradient(c, {a})[0].item() == 10);
  CHECK(listener.said.str().empty());
}
