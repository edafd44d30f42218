// Every misuse of the tape is an error that says what came and what to do.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/ops.hpp"
#include "autograd/rule.hpp"

using namespace tapestry;

namespace {

Tensor number(Real x) { return Tensor({}, x); }

void refuses(const std::function<void()>& misuse, const char* text) {
  CHECK_THROWS_WITH_AS(misuse(), doctest::Contains(text), Error);
}

}  // namespace

TEST_CASE("misuse of the tape") {
  Parameter w("3.weight", number(2)), other("4.bias", number(1));
  Buffer running("running_mean", number(1));
  Tape tape;
  const Var x = tape.variable(Tensor({2}, {1, 2})), y = tape.variable(number(2));

  refuses([&] { tape.gradient(x * x, {x}); }, "the loss has shape (2); expected one number; take its sum() or mean()");
  refuses(
      [&] {
        Tape second;
        second.gradient(sum(x), {x});
      },
      "the loss was recorded on another tape");
  refuses([&] { tape.gradient(number(1), {x}); }, "the loss was not recorded");
  refuses(
      [&] {
        Tape second;
        tape.gradient(sum(x), {second.variable(number(1))});
      },
      "recorded on another tape");
  refuses([&] { tape.gradient(sum(x), {number(1)}); }, "not recorded");
  refuses(
      [&] {
        Tape second;
        x + second.variable(number(1));
      },
      "add: argument 1 was recorded on another tape than the arguments before it");
  refuses([&] { std::move(tape).gradient(sum(x), {x}, {.record = true}); }, "expected one of them; keep the tape");

  refuses([&] { tape.gradient(y * y, {x}); }, "the loss never reached 'variable'");
  refuses(
      [&] {
        const Var named = tape.variable(number(1), "latent");
        tape.gradient(y * y, {named});
      },
      "the loss never reached 'latent'");
  refuses([&] { tape.gradient(y * y, Parameters{&w}); },
          "the loss never reached parameter '3.weight'; expected it on the way to the loss; leave it out, or ask for "
          "{.zeros_where_unreached = true}");
  CHECK(tape.gradient(y * y, {x, y}, {.zeros_where_unreached = true})[0].value().numbers() == std::vector<Real>{0, 0});
  CHECK(tape.gradient(y * y, Parameters{&w}, {.zeros_where_unreached = true})[0].second.item() == 0);

  refuses(
      [&] {
        Tape t;
        const Var v = t.variable(w);
        w.assign(number(3));
        t.gradient(v * v, Parameters{&w});
      },
      "'3.weight' changed after this tape recorded it");
  refuses(
      [&] {
        Tape t;
        const Var v = t.variable(w) * t.constant(running);
        running.assign(number(3));
        t.gradient(v, Parameters{&w});
      },
      "'running_mean' changed after this tape recorded it");
  other.assign(number(7));  // on no tape
  Tape untouched;
  const Var z = untouched.variable(w);
  CHECK(untouched.gradient(z * z, Parameters{&w})[0].second.item() == 6);
}

TEST_CASE("a tape that has ended") {
  Parameter w("w", number(2));
  Var y;
  {
    Tape tape;
    y = tanh(tape.variable(number(0)));
    const Var loss = exp(y);
    CHECK(std::move(tape).gradient(loss, {y})[0].item() == 1);
    const char* const consumed = "was consumed by std::move(tape).gradient(...)";
    refuses([&] { tape.gradient(loss, {y}); }, consumed);
    refuses([&] { tape.gradient(loss, Parameters{&w}); }, consumed);
    refuses([&] { tape.variable(number(1)); }, consumed);
    refuses([&] { tape.variable(w); }, consumed);
    refuses([&] { tanh(y); }, consumed);
  }
  {
    Tape tape;
    y = exp(tape.variable(number(0)));
  }
  CHECK(y.item() == 1);  // a Var that outlives its tape keeps its value
  CHECK(exp(y.value()).item() == doctest::Approx(std::exp(1.0)));
  refuses(
      [&] { tanh(y); },
      "tanh: argument 0 was recorded on a tape that has gone out of scope; expected a living tape; pass its value() "
      "to use it as a constant");

  Tape tape;  // an error on the way back leaves no half-consumed tape
  const Var x = tape.variable(number(3));
  const Var wrong = apply("wrong", x.value(), {x}, {[](Var) { return Var(Tensor({2}, 1)); }});
  refuses([&] { std::move(tape).gradient(wrong * x, {x}); }, "wrong: ");
  refuses([&] { tape.gradient(x * x, {x}); }, "was consumed");
}

TEST_CASE("rules that break their promises") {
  Tape tape;
  const Var x = tape.variable(number(3)), z = tape.variable(number(4));
  const Var hidden = x.value() * Real(2);
  const auto product = [](Var g, Var v) { return g * v; };

  refuses([&] { apply("my_op", number(6), {x}, {Rule(reads(hidden), product)}); },
          "my_op: the rule of argument 0 reads a value that is neither y nor an argument");
  refuses([&] { apply("my_op", number(6), {x}, {Rule(reads(z), product)}); }, "neither y nor an argument");
  refuses(
      [&] {
        apply("my_op", number(6), {x, z}, {[](Var g) { return g; }, Rule(reads(hidden), product)});
      },
      "my_op: the rule of argument 1");
  refuses([&] { apply("my_op", number(6), {x}, JointRule(reads(hidden), [](Var g, Var) { return Vars{g}; })); },
          "my_op: the joint rule reads a value that is neither y nor an argument");
  refuses(
      [&] {
        Var given = x;
        const Var y = given.take();
        apply("my_op", y, {given}, {Rule(reads(given), product)});
      },
      "my_op: the rule of argument 0 reads a value that was given away");
  refuses(
      [&] {
        apply("my_op", number(6), {x, z}, {[](Var g) { return g; }});
      },
      "my_op: got 1 rules for 2 arguments; expected one for each");
  refuses(
      [&] {
        apply("my_op", number(6), {x, z}, {[](Var g) { return g; }, Rule()});
      },
      "my_op: argument 1 has no rule; expected a constant there");
  CHECK(apply("my_op", number(6), {x, number(1)}, {[](Var g) { return g; }, Rule()}).recorded());

  const Var shared = apply("my_op", number(12), {x, z}, JointRule(reads(), [](Var g) { return Vars{g}; }));
  CHECK(tape.gradient(shared, {x})[0].item() == 1);
  refuses([&] { tape.gradient(shared, {z}); }, "my_op: the rule of argument 1 returned nothing; expected ()");

  const Var row = tape.variable(Tensor({2}, 1));
  const Var wrong = apply("my_op", number(2), {x, row}, {[](Var g) { return g; }, [](Var g) { return g; }});
  refuses([&] { tape.gradient(wrong, {row}); },
          "my_op: the rule of argument 1 returned (); expected (2), the shape of the argument");
  CHECK(tape.gradient(wrong, {x})[0].item() == 1);
}
