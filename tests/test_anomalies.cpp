// Anomaly detection: the first NaN or infinity is reported with operation, layer, pass, step and statistics.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <regex>
#include <sstream>
#include <thread>

#include "autograd/anomalies.hpp"
#include "autograd/losses.hpp"
#include "autograd/ops.hpp"
#include "autograd/statistics.hpp"
#include "layers/layers.hpp"
#include "tests/program.hpp"

using namespace tapestry;

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity(), not_a_number = std::numeric_limits<Real>::quiet_NaN();
constexpr Real largest = std::numeric_limits<Real>::max();

Tensor number(Real x) { return Tensor({}, x); }

void reports(const std::function<void()>& work, const char* text) {
  const DetectAnomalies detect("step 12");
  CHECK_THROWS_WITH_AS(work(), text, Error);
  CHECK(DetectAnomalies::on());  // also after an error on the way back
}
void reports_part(const std::function<void()>& work, const char* text) {
  const DetectAnomalies detect("step 12");
  CHECK_THROWS_WITH_AS(work(), doctest::Contains(text), Error);
}

std::string text_of(const Tensor& t) {
  std::ostringstream text;
  text << statistics(t);
  return text.str();
}

// (N, 3) -> (N, 2), all weights 1.
struct SmallNetwork : Sequential {
  explicit SmallNetwork(std::string name = "") : Sequential(std::move(name)) {
    add<Linear>(Shape{1, 3}, LinearOptions{.features = 2, .weight_initializer = constant(1)}, Random(1));
    auto inner = std::make_unique<Sequential>();
    inner->add<Relu>();
    inner->add<Sigmoid>();
    add(std::move(inner));
  }
};

}  // namespace

TEST_CASE("statistics count what is not finite, and describe the rest") {
  CHECK(text_of(Tensor({2, 2}, {1, 2, -3, 4})) == "(2, 2)  min -3  max 4  mean 1");
  CHECK(text_of(Tensor({5}, {1, not_a_number, -infinity, 3, infinity})) ==
        "(5)  min 1  max 3  mean 2  NaN: 1  infinite: 2");
  CHECK(text_of(Tensor({2}, not_a_number)) == "(2)  no finite number  NaN: 2");
  CHECK(text_of(number(-2)) == "()  -2");
  CHECK(text_of(number(infinity)) == "()  no finite number  infinite: 1");
  CHECK(all_finite(Tensor({2}, largest)));
  CHECK_FALSE(all_finite(Tensor({3}, {1, 2, not_a_number})));
  CHECK_FALSE(all_finite(Tensor({3}, {-infinity, 2, 1})));
}

TEST_CASE("an anomaly in the forward pass") {
  reports(
      [] {
        Tape tape;
        const Var x = tape.variable(Tensor({2}, {-1, 4}), "x");
        log(x * Real(2));
      },
      "log (forward pass, step 12): y is not finite; expected neither NaN nor infinity; look for the cause in these "
      "numbers:\n"
      "  argument 0  (2)  min -2  max 8  mean 3  (call 1, scale)\n"
      "  y           (2)  min 2.079  max 2.079  mean 2.079  NaN: 1");
  reports([] { Var(number(1)) / Var(number(0)); },  // recorded nowhere
          "divide (forward pass, step 12): y is not finite; expected neither NaN nor infinity; look for the cause in "
          "these numbers:\n"
          "  argument 0  ()  1\n"
          "  argument 1  ()  0\n"
          "  y           ()  no finite number  infinite: 1");
  reports(
      [] {  // what came in was not finite; relu hides it
        Tape tape;
        relu(tape.variable(number(-infinity), "x"));
      },
      "relu (forward pass, step 12): argument 0 is not finite; expected neither NaN nor infinity; look for the cause "
      "in "
      "these numbers:\n"
      "  argument 0  ()  no finite number  infinite: 1  ('x')\n"
      "  y           ()  0");
}

TEST_CASE("an anomaly names the layer, in passes that are recorded and in those that are not") {
  SmallNetwork network("discriminator");
  const Tensor x({1, 3}, {1, infinity, 1});
  const char* const text =
      "linear (discriminator.0 linear, forward pass, step 12): argument 0 is not finite; expected neither NaN nor "
      "infinity";
  reports_part([&] { network(Pass::training(Random(1)), x); }, text);
  reports_part([&] { network.run(Pass::evaluation(), x, 0, 1); }, text);
  reports_part(
      [&] {
        Tape tape;
        network(Pass::training(Random(1), tape), x);
      },
      text);

  network.parameters()[0]->assign(Tensor({2, 3}, {1, 1, not_a_number, 1, 1, 1}));
  reports(
      [&] {
        Tape tape;
        network(Pass::training(Random(1), tape), Tensor({1, 3}, 1));
      },
      "linear (discriminator.0 linear, forward pass, step 12): argument 1 is not finite; expected neither NaN nor "
      "infinity; look for the cause in these numbers:\n"
      "  argument 0  (1, 3)  min 1  max 1  mean 1\n"
      "  argument 1  (2, 3)  min 1  max 1  mean 1  NaN: 1  (parameter '0.weight')\n"
      "  argument 2  (2)  min 0  max 0  mean 0  (parameter '0.bias')\n"
      "  y           (1, 2)  min 3  max 3  mean 3  NaN: 1");

  SmallNetwork unnamed;
  reports_part([&] { unnamed(Pass::evaluation(), x); }, "linear (0 linear, forward pass, step 12): ");
  reports_part(
      [&] {
        sum(unnamed(Pass::evaluation(), Tensor({1, 3}, 1)) * number(largest)) * Real(8);
      },
      "sum_to (forward pass, step 12): y is not finite");  // in no layer
}

TEST_CASE("an anomaly in the backward pass names the rule") {
  const char* const text =
      "sqrt (backward pass, step 12): the rule of argument 0 returned a dL/dx that is not finite; expected neither NaN "
      "nor infinity; look for the cause in these numbers:\n"
      "  g = dL/dy   (2)  min 1  max 1  mean 1\n"
      "  y           (2)  min 0  max 2  mean 1\n"
      "  dL/dx       (2)  min 0.25  max 0.25  mean 0.25  infinite: 1";
  std::istringstream lines(text);
  std::string indented;
  for (std::string line; std::getline(lines, line);) indented += "    " + line + "\n";
  CHECK(read_file("docs/engine.md").find("\n\n" + indented + "\n") != std::string::npos);
  for (const bool record : {false, true})
    reports(
        [&] {
          Tape tape;
          const Var x = tape.variable(Tensor({2}, {0, 4}), "x");
          tape.gradient(sum(sqrt(x)), {x}, {.record = record});
        },
        text);
  reports(
      [] {  // a tape that is being consumed still has what the rule read
        Tape tape;
        const Var x = tape.variable(Tensor({2}, {0, 4}), "x");
        std::move(tape).gradient(sum(sqrt(x)), {x});
      },
      text);
  reports(
      [] {  // one that keeps everything has the argument, too
        Tape tape(Keep::everything);
        const Var x = tape.variable(number(0), "x");
        tape.gradient(sqrt(x), {x});
      },
      "sqrt (backward pass, step 12): the rule of argument 0 returned a dL/dx that is not finite; expected neither NaN "
      "nor infinity; look for the cause in these numbers:\n"
      "  g = dL/dy   ()  1\n"
      "  argument 0  ()  0  ('x')\n"
      "  y           ()  0\n"
      "  dL/dx       ()  no finite number  infinite: 1");
  reports_part(
      [] {  // second derivatives: the rule that was recorded
        Tape tape;
        const Var x = tape.variable(number(0), "x");
        const Var dx = tape.gradient(pow(x, Real(1.5)), {x}, {.record = true})[0];
        tape.gradient(dx, {x});
      },
      "pow (backward pass, step 12): the rule of argument 0 returned a dL/dx that is not finite");
  reports(
      [] {
        Tape tape;
        const Var x = tape.variable(number(0), "x");
        const Var half = x * (largest * Real(0.75));
        tape.gradient(half + x * (largest * Real(0.75)), {x});
      },
      (std::string("variable (backward pass, step 12): the sum of the gradients of 'x' is not finite; expected neither "
                   "NaN nor infinity; look for the cause in these numbers:\n"
                   "  dL/dx       ()  ") +
       short_number(largest * 0.75) + "  (from call 1, scale)\n  sum         ()  no finite number  infinite: 1")
          .c_str());
}

TEST_CASE("an anomaly in the backward pass of a layer with a joint rule") {
  Sequential network("generator");
  network.add<BatchNorm>(Shape{1, 2}, BatchNormOptions{}, Random(2));
  reports_part(
      [&] {
        Tape tape;
        const Var y = network(Pass::training(Random(1), tape), Tensor({2, 2}, {1, 2, 3, 4}));
        const Var loss = sum(y * (largest * Real(0.4))) + sum(y * (largest * Real(0.4)));
        std::move(tape).gradient(loss * Real(2), network.parameters());
      },
      "batch_norm (generator.0 batch_norm, backward pass, step 12): ");
}

TEST_CASE("nothing is looked at without detection, in other threads, and afterwards") {
  const auto bad = [] { return std::isnan(log(Var(number(-1))).item()); };
  CHECK(bad());
  {
    const DetectAnomalies detect;
    {
      const DetectAnomalies inner("step 2");
      CHECK_THROWS_WITH_AS(bad(), doctest::Contains("log (forward pass, step 2): "), Error);
    }
    CHECK_THROWS_WITH_AS(bad(), doctest::Contains("log (forward pass): y is not finite"), Error);
    bool other = false;
    std::thread([&] { other = bad(); }).join();
    CHECK(other);
  }
  CHECK(bad());
}

TEST_CASE("detection changes no number") {
  SmallNetwork network;
  const auto gradients = [&] {
    Tape tape;
    const Var loss = bce_with_logits(network(Pass::training(Random(1), tape), Random(3).normal({5, 3})), 1);
    return std::move(tape).gradient(loss, network.parameters());
  };
  const Gradients plain = gradients();
  const DetectAnomalies detect;
  const Gradients watched = gradients();
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(plain[i].second.numbers() == watched[i].second.numbers());
}

TEST_CASE("a trainer reports anomalies when its configuration says so") {
  const TemporaryFolder folder;
  write_file(folder / "config.json", small_configuration);
  Words words = {"config.json",
                 "--out",
                 "run",
                 "--set",
                 "optimizers.discriminator.type=sgd",
                 "--set",
                 "optimizers.discriminator.learning_rate=1e30",
                 "--set",
                 "training.detect_anomalies=true"};
  const Ending ending = run_program("mnist_dcgan", words, folder);
  CHECK(ending.code() == exit_failed);
  INFO(ending.err);
  const std::regex report(R"(\w+ \((generator|discriminator)\.\d \w+, (forward|backward) pass, step \d+\): )"
                          R"([^\n]* not finite; expected neither NaN nor infinity; )"
                          R"(look for the cause in these numbers:\n(  [^\n]+  \([0-9, ]*\)  [^\n]+\n)+)");
  CHECK(std::regex_match(ending.err, report));
  words.back() = "training.detect_anomalies=false";
  words.push_back("--overwrite");
  CHECK(run_program("mnist_dcgan", words, folder).code() == exit_done);
}
