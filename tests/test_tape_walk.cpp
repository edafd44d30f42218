// apps/tape_walk, as a class sees it, and the expressions that it reads.
#include <doctest/doctest.h>

#include <cmath>

#include "apps/common/expression.hpp"
#include "tests/program.hpp"

using namespace tapestry;

namespace {

// Its value at x = 2, y = 3.
double value(const std::string& text) {
  Tape tape;
  const Expression expression(text);
  return expression({{"x", tape.variable(Tensor({}, 2), "x")}, {"y", tape.variable(Tensor({}, 3), "y")}}).item();
}

void wrong(const std::string& text, const char* error) { CHECK_THROWS_WITH_AS(value(text), error, Error); }

Ending tape_walk(const Words& words) { return run_program("tape_walk", words, TemporaryFolder()); }

void refuses(const Words& words, int code, const std::string& error) {
  const Ending ending = tape_walk(words);
  CHECK(ending.code() == code);
  CHECK(ending.err == error);
}

}  // namespace

TEST_CASE("expressions mean what they mean in mathematics") {
  CHECK(value("x + y*x - y/x") == 6.5);
  CHECK(value("x - y - x") == -3);
  CHECK(value("x / y / x") == doctest::Approx(1.0 / 3));
  CHECK(value("-x^2") == -4);
  CHECK(value("(-x)^2") == 4);
  CHECK(value("2^x^3 * 0 + x^3^2") == 512);
  CHECK(value("x^-1") == 0.5);
  CHECK(value("--x - -y") == 5);
  CHECK(value("1.5e1*x + .5") == 30.5);
  CHECK(value("((x))*(y+(x))") == 10);
  CHECK(value("x^y") == doctest::Approx(8));
  CHECK(value("  x*  (y)  ") == 6);
  CHECK(value("exp(x) + log(x) + sqrt(x)") == doctest::Approx(std::exp(2.0) + std::log(2.0) + std::sqrt(2.0)));
  CHECK(value("tanh(x) + sigmoid(x)") == doctest::Approx(std::tanh(2.0) + 1 / (1 + std::exp(-2.0))));
  CHECK(value("softplus(x) + relu(x - y) + abs(x - y)") == doctest::Approx(std::log(1 + std::exp(2.0)) + 1));
  CHECK(value("sin(x) + cos(y)") == doctest::Approx(std::sin(2.0) + std::cos(3.0)));
  CHECK(value("expm1(x) - log1p(x)") == doctest::Approx(std::expm1(2.0) - std::log1p(2.0)));
  CHECK(value("elu(-x) + silu(x)") == doctest::Approx(std::expm1(-2.0) + 2 / (1 + std::exp(-2.0))));
  CHECK(Expression("b*(a + b) - c").names() == std::vector<std::string>{"b", "a", "c"});

  std::string sum = "x";
  for (int i = 0; i < 3000; ++i) sum += " + x";
  CHECK(value(sum) == 6002);
  CHECK(value(std::string(200, '(') + "x" + std::string(200, ')')) == 2);
}

TEST_CASE("an expression that is wrong shows where") {
  wrong("tanh(x*y +", "expression: got the end; expected a number, a name or \"(\"\n  tanh(x*y +\n            ^");
  wrong("", "expression: got the end; expected a number, a name or \"(\"\n  \n  ^");
  wrong("x +* 2", "expression: got \"*\"; expected a number, a name or \"(\"\n  x +* 2\n     ^");
  wrong("\u00fc*x", "expression: got \"\u00fc\"; expected a number, a name or \"(\"\n  \u00fc*x\n  ^");
  wrong("x \u00fc", "expression: got \"\u00fc\"; expected an operator or the end\n  x \u00fc\n    ^");
  wrong("x)", "expression: got \")\"; expected an operator or the end\n  x)\n   ^");
  wrong("2 x", "expression: got \"x\"; expected an operator or the end\n  2 x\n    ^");
  wrong("y + (x", "expression: this \"(\" is never closed; expected a \")\"\n  y + (x\n      ^");
  wrong("(x y)", "expression: got \"y\"; expected an operator or \")\"\n  (x y)\n     ^");
  wrong("1 + foo(x)",
        ("expression: \"foo\" is no function; expected one of " + Expression::functions() + "\n  1 + foo(x)\n      ^")
            .c_str());
  wrong("tanh x", "expression: \"tanh\" is a function; expected \"(\" behind it\n  tanh x\n  ^");
  wrong("1e999*x", "expression: got no number that can be computed with; expected one like 2 or 0.5\n  1e999*x\n  ^");
  wrong(".*x", "expression: got no number that can be computed with; expected one like 2 or 0.5\n  .*x\n  ^");
  const std::string nested = "expression: is nested deeper than 200 levels; write it flatter\n  ";
  wrong(std::string(201, '(') + "x" + std::string(201, ')'),
        (nested + std::string(41, '(') + "x" + std::string(38, ')') + "\n  " + std::string(40, ' ') + "^").c_str());
  wrong(std::string(300, '-') + "x", (nested + std::string(80, '-') + "\n  " + std::string(40, ' ') + "^").c_str());
}

TEST_CASE("an expression without a finite value shows which part has none") {
  wrong("y/(x - 2)", "expression: divides by (x - 2), which is 0; take other values\n  y/(x - 2)\n   ^");
  wrong("1 + log(2 - y)",
        "expression: log(2 - y) is nan here; expected a finite number; take other values\n  1 + log(2 - y)\n      ^");
  wrong("exp(x*1000)",
        "expression: exp(x*1000) is inf here; expected a finite number; take other values\n  "
        "exp(x*1000)\n  ^");
  wrong("(x - y)^y",
        "expression: (x - y) is -1; expected more than 0 under an exponent that varies; take other values"
        "\n  (x - y)^y\n         ^");
}

TEST_CASE("tape_walk: b = a + a, whose gradient is 2") {
  const Ending ending = tape_walk({"sum"});
  CHECK(ending.code() == 0);
  CHECK(ending.err == "");
  CHECK(ending.out ==
        "L = a + a\n"
        "\n"
        "Forward: each call computes a value.\n"
        "  call 0  a = 1\n"
        "  call 1  a + a = add(a, a) = 2\n"
        "\n"
        "Back: at each call the rules turn g, the gradient of L by its value, into those of its arguments.\n"
        "  call 1  a + a: g = 1\n"
        "          argument 0: the rule returns 1\n"
        "          a has 1\n"
        "          argument 1: the rule returns 1\n"
        "          a has 1 from call 1, argument 0; + 1 from call 1, argument 1 = 2\n"
        "  call 0  a: g = 2\n"
        "\n"
        "L = 2\n"
        "dL/da = 2\n");
}

TEST_CASE("tape_walk: other examples, values, second derivatives, drawings") {
  CHECK(tape_walk({"neuron"}).out.ends_with("L = 0\ndL/dw = 0.5\ndL/dx = 2\ndL/db = 1\n"));
  CHECK(tape_walk({"neuron", "w=0"}).out.find("  call 3  w*x = multiply(w, x) = 0\n") != std::string::npos);
  CHECK(tape_walk({"tanh(w*x + b)", "w=2", "x=0.5", "b=-1"}).out == tape_walk({"neuron"}).out);
  CHECK(tape_walk({"--", "-x", "x=1"}).out.ends_with("L = -1\ndL/dx = -1\n"));

  const std::string pictures = tape_walk({"convolution"}).out;
  CHECK(pictures.find("  call 2  conv2d(x, w) =\n"
                      "            [[[[1 3 2]\n"
                      "               [2 3 1]\n"
                      "               [3 2 0]]]]  (1, 1, 3, 3)\n") != std::string::npos);
  CHECK(
      pictures.ends_with("dL/dw = [[[[1 4 7]\n"
                         "           [2 5 8]\n"
                         "           [4 7 9]]]]  (1, 1, 3, 3)\n"));

  const std::string again = tape_walk({"x^3*y", "x=2", "y=3", "--order", "2"}).out;
  CHECK(again.find("  call 5  the rule of call 3 records multiply(1, y) = 3\n") != std::string::npos);
  CHECK(again.find("  d(dL/dx)/dx = 36\n  d(dL/dx)/dy = 12\n") != std::string::npos);
  CHECK(again.find("  d(dL/dy)/dx = 12\n  d(dL/dy)/dy = 0\n") != std::string::npos);
  CHECK(tape_walk({"sum", "--order", "2"}).out.find("\nAgain: dL/da is a plain number, which depends on nothing.\n") !=
        std::string::npos);
  CHECK(tape_walk({"neuron", "--table"}).out.find("   3  multiply      w*x            ()     0 'w', 1 'x'") !=
        std::string::npos);

  const TemporaryFolder folder;
  CHECK(run_program("tape_walk", {"neuron", "--svg", "n.svg", "--dot", "n.dot"}, folder).code() == 0);
  CHECK(read_file(folder / "n.svg").find(">dL/dw = 0.5</text>") != std::string::npos);
  CHECK(read_file(folder / "n.dot").starts_with("digraph tape {\n"));
}

TEST_CASE("the picture in docs/engine.md is what the command beside it draws") {
  const TemporaryFolder folder;
  run_program("tape_walk", {"tanh(w*x + b)", "w=2", "x=0.5", "b=-0.25", "--svg", "tape.svg"}, folder);
  CHECK(read_file("docs/images/tape.svg") == read_file(folder / "tape.svg"));
  CHECK(read_file("docs/engine.md")
            .find("    ./apps/tape_walk \"tanh(w*x + b)\" w=2 x=0.5 b=-0.25 --svg "
                  "docs/images/tape.svg\n") != std::string::npos);
}

TEST_CASE("tape_walk: bad input is an error in one or three lines, and a code") {
  refuses({"x +", "x=1"}, 2, "expression: got the end; expected a number, a name or \"(\"\n  x +\n     ^\n");
  refuses({"w*x", "w=1"}, 2, "value: got none for \"x\"; expected one behind the expression, like x=0.5\n");
  refuses({"x", "x=1", "y=2"}, 2, "value: got one for \"y\", which is not in the expression; leave it out\n");
  refuses({"x", "x=1", "x=2"}, 2, "value: got \"x\" twice; expected each name once\n");
  for (const std::string bad : {"x=a", "x=", "x=1 2", "x=inf", "x=nan", "x=1e999"})
    refuses({"x", bad}, 2, "value: got \"" + bad + "\"; expected a number behind the \"=\", like x=0.5\n");
  for (const std::string bad : {"=1", "x", "="})
    refuses({"x", bad}, 2, "value: got \"" + bad + "\"; expected a name and a number, like x=0.5\n");
  refuses({"3 + 4"}, 2,
          "expression: 3 + 4 has no name in it; expected one to differentiate by; write x, and x=2 behind it\n");
  refuses({"convolution", "x=1"}, 2, "value: got \"x=1\"; convolution brings its own values\n");
  refuses({"x^0", "x=1"}, 1, "expression: x^0 is the same for all values; expected one that depends on them\n");
  refuses({"1/x", "x=0"}, 1, "expression: divides by x, which is 0; take other values\n  1/x\n   ^\n");
  CHECK(tape_walk({}).code() == 2);
  CHECK(tape_walk({"sum", "--order", "3"}).code() == 2);
  CHECK(tape_walk({"sum", "--svg", "no/such/folder.svg"}).code() == 1);
}
