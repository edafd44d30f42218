// Optimisers from JSON: what is made, what is resolved, what is refused.
#include "apps/common/optimizer_options.hpp"
#include "optim/adam.hpp"
#include "optim/rmsprop.hpp"
#include "optim/sgd.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

struct Read {
  MakeOptimizer make;
  std::string resolved;
};
Read read(const std::string& json) {
  const JsonSource source("c.json", "{\"it\": " + json + "}");
  Problems problems;
  Json resolved;
  Read read;
  {
    Options root({source, problems, resolved});
    read.make = read_optimizer(root.object("it"));
  }
  problems.raise();
  read.resolved = resolved["it"].dump();
  return read;
}
std::string refused(const std::string& json) {
  try {
    read(json);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

Tensor start() { return Tensor({3}, {1, -2, 0.5}); }

// The weights after three steps.
std::vector<Real> trained(const std::function<std::unique_ptr<Optimizer>(Parameters)>& make) {
  Parameter w("w", start());
  const auto optimizer = make({&w});
  for (const Real g : {1, 20, -3}) optimizer->step({{&w, Tensor({3}, {g, g / 2, Real(0.1)})}});
  return w.value().numbers();
}
template <class Kind, class KindOptions>
std::vector<Real> trained(const KindOptions& options) {
  return trained([&](Parameters p) { return std::make_unique<Kind>(p, options); });
}

// The learning rates of the first steps.
std::vector<double> rates(const std::string& learning_rate, int steps) {
  Parameter w("w", Tensor({1}, 0));
  const auto optimizer = read("{\"type\": \"sgd\", \"learning_rate\": " + learning_rate + "}").make({&w});
  std::vector<double> all;
  for (int t = 0; t < steps; ++t) {
    all.push_back(optimizer->learning_rate());
    optimizer->step({{&w, Tensor({1}, 1)}});
  }
  return all;
}

}  // namespace

TEST_CASE("optimisers from JSON: each with its defaults, and with every key") {
  CHECK(trained(read("{}").make) == trained<Adam>(AdamOptions{}));
  CHECK(trained(read(R"({"type": "sgd"})").make) == trained<Sgd>(SgdOptions{}));
  CHECK(trained(read(R"({"type": "adamw"})").make) == trained<Adam>(AdamOptions{.weight_decay = 0.01}));
  CHECK(trained(read(R"({"type": "rmsprop"})").make) == trained<RmsProp>(RmsPropOptions{}));

  CHECK(trained(read(R"({"type": "sgd", "learning_rate": 0.5, "momentum": 0.75})").make) ==
        trained<Sgd>(SgdOptions{.learning_rate = 0.5, .momentum = 0.75}));
  CHECK(trained(read(R"({"type": "adamw", "learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 0.01,
                         "epsilon_place": "after_correction", "weight_decay": 0.125})")
                    .make) == trained<Adam>(AdamOptions{.learning_rate = 0.5,
                                                        .beta1 = 0.5,
                                                        .beta2 = 0.75,
                                                        .epsilon = 0.01,
                                                        .epsilon_place = EpsilonPlace::after_correction,
                                                        .weight_decay = 0.125}));
  CHECK(trained(read(R"({"type": "rmsprop", "learning_rate": 0.5, "rho": 0.75, "momentum": 0.5, "epsilon": 0.01,
                         "centered": true, "form": "pytorch"})")
                    .make) == trained<RmsProp>(RmsPropOptions{.learning_rate = 0.5,
                                                              .rho = 0.75,
                                                              .momentum = 0.5,
                                                              .epsilon = 0.01,
                                                              .centered = true,
                                                              .form = RmsPropForm::pytorch}));
}

TEST_CASE("optimisers from JSON: gradients are clipped") {
  const auto clipped = [](Clipping clipping) {
    return trained([=](Parameters p) {
      auto sgd = std::make_unique<Sgd>(p, SgdOptions{});
      sgd->set_clipping(clipping);
      return sgd;
    });
  };
  CHECK(trained(read(R"({"type": "sgd", "clip_norm": 2})").make) == clipped({.norm = 2}));
  CHECK(trained(read(R"({"type": "sgd", "clip_value": 1.5})").make) == clipped({.value = 1.5}));
  CHECK(trained(read(R"({"type": "sgd", "clip_value": 1.5, "clip_norm": 2})").make) ==
        clipped({.value = 1.5, .norm = 2}));
}

TEST_CASE("optimisers from JSON: learning rates follow schedules") {
  CHECK(rates("0.25", 2) == std::vector<double>{0.25, 0.25});
  CHECK(rates(R"({"schedule": "linear", "from": 1, "to": 0.5, "steps": 2})", 4) ==
        std::vector<double>{1, 0.75, 0.5, 0.5});
  CHECK(rates(R"({"schedule": "linear", "from": 1, "steps": 4})", 6) == std::vector<double>{1, 0.75, 0.5, 0.25, 0, 0});
  CHECK(rates(R"({"schedule": "steps", "from": 1, "factor": 0.5, "every": 2})", 5) ==
        std::vector<double>{1, 1, 0.5, 0.5, 0.25});
  CHECK(rates(R"({"schedule": "constant", "from": 1, "warm_up": 4})", 5) == std::vector<double>{0.25, 0.5, 0.75, 1, 1});
  const std::vector<double> cosine =
      rates(R"({"schedule": "cosine", "from": 1, "to": 0.5, "steps": 4, "warm_up": 2})", 6);
  CHECK(cosine[0] == 0.5);
  CHECK(cosine[2] == doctest::Approx(0.75));
  CHECK(cosine[3] == doctest::Approx(0.75 - std::sqrt(0.5) / 4));
  CHECK(cosine[5] == 0.5);
}

TEST_CASE("optimisers from JSON: the resolved form holds every default and means the same") {
  const auto check = [](const char* given, const char* resolved) {
    CHECK(read(given).resolved == resolved);
    CHECK(read(resolved).resolved == resolved);
  };
  check(R"({"type": "adamw", "clip_norm": 5})",
        R"({"type":"adamw","learning_rate":0.001,"clip_norm":5,"beta1":0.9,"beta2":0.999,"epsilon":1e-07,)"
        R"("epsilon_place":"outside_correction","weight_decay":0.01})");
  check(R"({"type": "rmsprop"})",
        R"({"type":"rmsprop","learning_rate":0.001,"rho":0.9,"momentum":0,"epsilon":1e-07,"centered":false,)"
        R"("form":"keras"})");
  check(R"({"type": "sgd", "learning_rate": {"schedule": "steps", "from": 0.1, "every": 10}})",
        R"({"type":"sgd","learning_rate":{"schedule":"steps","from":0.1,"factor":0.1,"every":10,"warm_up":0},)"
        R"("momentum":0})");
}

TEST_CASE("optimisers from JSON: what is refused") {
  CHECK(refused(R"({"type": "adamww"})") ==
        "c.json:1:17: /it/type is \"adamww\"; expected one of \"sgd\", \"adam\", \"adamw\", \"rmsprop\"; did you mean "
        "\"adamw\"?");
  CHECK(refused(R"({"type": "adam", "weight_decay": 0.1})")
            .starts_with("c.json:1:25: /it/weight_decay is not a known key"));
  CHECK(refused(R"({"learning_rate": "fast"})") ==
        "c.json:1:26: /it/learning_rate is \"fast\"; expected a number above 0");
  CHECK(refused(R"({"clip_norm": 0})") == "c.json:1:22: /it/clip_norm is 0; expected a number above 0");
  CHECK(refused(R"({"clip_valu": 1})") == "c.json:1:9: /it/clip_valu is not a known key; did you mean \"clip_value\"?");
  CHECK(refused(R"({"learning_rate": {"schedule": "cosin", "from": 1}})") ==
        "c.json:1:39: /it/learning_rate/schedule is \"cosin\"; expected one of \"constant\", \"linear\", \"cosine\", "
        "\"steps\"; did you mean \"cosine\"?");
  CHECK(refused(R"({"learning_rate": {"schedule": "cosine", "from": 0, "to": -1}})") ==
        "c.json:1:26: /it/learning_rate/steps is missing; expected an integer from 1 to 1000000000\n"
        "c.json:1:57: /it/learning_rate/from is 0; expected a number above 0\n"
        "c.json:1:66: /it/learning_rate/to is -1; expected a number of 0 or more");
  CHECK(refused(R"({"learning_rate": {"schedule": "steps", "from": 1, "factor": 0, "every": 5}})") ==
        "c.json:1:69: /it/learning_rate/factor is 0; expected a number above 0");
  CHECK(refused(R"({"learning_rate": {"schedule": "linear", "from": 1, "steps": 5, "every": 5}})")
            .starts_with("c.json:1:72: /it/learning_rate/every is not a known key"));
}
