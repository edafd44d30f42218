// Optimisers: the formulas of their papers against plain loops in double, what they refuse, and a small regression.
#include "autograd/losses.hpp"
#include "optim/adam.hpp"
#include "optim/rmsprop.hpp"
#include "optim/sgd.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

constexpr Index many = 10000;  // more than one block of the kernels, and not a whole number of vectors

// A gradient for step t: small and large ones, so that epsilon shows, of changing sign.
Tensor gradient(long t) {
  const Tensor direction = Random(5)(t).normal({many}), scale = Random(6).uniform({many}, -8, 0);
  return (direction * exp(scale)).value();
}
Tensor start() { return Random(4).normal({many}); }

double largest_difference(const Tensor& a, const std::vector<double>& b) {
  double off = 0;
  for (std::size_t i = 0; i < b.size(); ++i)
    off = std::max(off, std::isfinite(a[i]) ? std::abs(a[i] - b[i]) : INFINITY);
  return off;
}

std::vector<double> in_double(const Tensor& t) { return {t.data(), t.data() + t.size()}; }

struct AdamNumbers {
  std::vector<double> w, m, v;
};
AdamNumbers adam_by_hand(const AdamOptions& o, int steps) {
  AdamNumbers a{in_double(start()), std::vector<double>(many), std::vector<double>(many)};
  for (int t = 1; t <= steps; ++t) {
    const Tensor g = gradient(t);
    for (Index i = 0; i < many; ++i) {
      a.m[i] = o.beta1 * a.m[i] + (1 - o.beta1) * g[i];
      a.v[i] = o.beta2 * a.v[i] + (1 - o.beta2) * g[i] * g[i];
      a.w[i] -= o.learning_rate * o.weight_decay * a.w[i];
      const double c1 = 1 - std::pow(o.beta1, t), c2 = 1 - std::pow(o.beta2, t);
      if (o.epsilon_place == EpsilonPlace::after_correction)
        a.w[i] -= o.learning_rate * (a.m[i] / c1) / (std::sqrt(a.v[i] / c2) + o.epsilon);
      else
        a.w[i] -= o.learning_rate * std::sqrt(c2) / c1 * a.m[i] / (std::sqrt(a.v[i]) + o.epsilon);
    }
  }
  return a;
}

}  // namespace

TEST_CASE("Adam follows the formula of Keras or of the paper for 100 steps") {
  for (EpsilonPlace place : {EpsilonPlace::outside_correction, EpsilonPlace::after_correction}) {
    AdamOptions options{.learning_rate = 0.01, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 1e-3, .epsilon_place = place};
    Parameter w("w", start());
    Adam adam({&w}, options);
    for (int t = 1; t <= 100; ++t) adam.step({{&w, gradient(t)}});
    const AdamNumbers expected = adam_by_hand(options, 100);
    CHECK(largest_difference(w.value(), expected.w) < 4 * tolerance);
    CHECK(largest_difference(adam.first_moment(0), expected.m) < tolerance);
    CHECK(largest_difference(adam.second_moment(0), expected.v) < tolerance);
    options.epsilon_place =
        place == EpsilonPlace::outside_correction ? EpsilonPlace::after_correction : EpsilonPlace::outside_correction;
    CHECK(largest_difference(w.value(), adam_by_hand(options, 100).w) > 0.01);
  }
}

TEST_CASE("Adam with a weight decay is AdamW: the decay goes past the moments") {
  AdamOptions options{.learning_rate = 0.01, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 1e-3, .weight_decay = 0.5};
  Parameter w("w", start());
  Adam adam({&w}, options);
  for (int t = 1; t <= 100; ++t) adam.step({{&w, gradient(t)}});
  const AdamNumbers expected = adam_by_hand(options, 100);
  CHECK(largest_difference(w.value(), expected.w) < 4 * tolerance);
  CHECK(largest_difference(adam.first_moment(0), expected.m) < tolerance);
  options.weight_decay = 0;
  CHECK(largest_difference(w.value(), adam_by_hand(options, 100).w) > 0.01);
}

namespace {
struct RmsPropNumbers {
  std::vector<double> w, s;
};
RmsPropNumbers rmsprop_by_hand(const RmsPropOptions& o, int steps) {
  RmsPropNumbers r{in_double(start()), std::vector<double>(many)};
  std::vector<double> m(many), v(many);
  for (int t = 1; t <= steps; ++t) {
    const double rate = o.learning_rate / t;
    const Tensor g = gradient(t);
    for (Index i = 0; i < many; ++i) {
      r.s[i] = o.rho * r.s[i] + (1 - o.rho) * g[i] * g[i];
      m[i] = o.rho * m[i] + (1 - o.rho) * g[i];
      const double variance = o.centered ? r.s[i] - m[i] * m[i] : r.s[i];
      if (o.form == RmsPropForm::keras) {
        v[i] = o.momentum * v[i] + rate * g[i] / std::sqrt(variance + o.epsilon);
        r.w[i] -= v[i];
      } else {
        v[i] = o.momentum * v[i] + g[i] / (std::sqrt(variance) + o.epsilon);
        r.w[i] -= rate * v[i];
      }
    }
  }
  return r;
}
}  // namespace

TEST_CASE("RmsProp follows the formula of Keras or of PyTorch for 50 steps of a falling rate") {
  for (const double momentum : {0.0, 0.9})
    for (const bool centered : {false, true}) {
      std::vector<RmsPropNumbers> of_forms;
      for (const RmsPropForm form : {RmsPropForm::keras, RmsPropForm::pytorch}) {
        CAPTURE(momentum);
        CAPTURE(centered);
        const RmsPropOptions options{.learning_rate = 0.01,
                                     .rho = 0.95,
                                     .momentum = momentum,
                                     .epsilon = 1e-2,
                                     .centered = centered,
                                     .form = form};
        Parameter w("w", start());
        RmsProp rmsprop({&w}, options);
        rmsprop.set_learning_rate([](long t) { return 0.01 / (t + 1); });
        for (int t = 1; t <= 50; ++t) rmsprop.step({{&w, gradient(t)}});
        of_forms.push_back(rmsprop_by_hand(options, 50));
        CHECK(largest_difference(w.value(), of_forms.back().w) < 4 * tolerance);
        CHECK(largest_difference(rmsprop.mean_square(0), of_forms.back().s) < tolerance);
      }
      CHECK(largest_difference(Tensor({many}, {of_forms[0].w.begin(), of_forms[0].w.end()}), of_forms[1].w) > 1e-3);
    }
}

TEST_CASE("centered RmsProp stays finite where the gradient never changes") {
  for (const RmsPropForm form : {RmsPropForm::keras, RmsPropForm::pytorch}) {
    Parameter w("w", start());
    RmsProp rmsprop({&w}, {.rho = 0.5, .centered = true, .form = form});
    for (int t = 1; t <= 100; ++t) rmsprop.step({{&w, gradient(1)}});
    CHECK(largest_difference(w.value(), in_double(w.value())) == 0);  // infinite if a number is not finite
  }
}

// As tests/golden/optimizers.py prints it.
TEST_CASE("three weights after 5 steps of AdamW and RmsProp, as PyTorch and Keras have them") {
  const std::vector<std::vector<double>> golden = {
      {1.026050913156965, -1.612714019205987, 0.553309874347467},  // AdamW, PyTorch
      {1.026879801010633, -1.619094431587142, 0.551424327860663},  // AdamW, Keras
      {1.238466555983919, -1.464801478239918, 0.744408986500709},  // RmsProp, PyTorch, momentum 0
      {1.251265955471736, -1.515842797106981, 0.740075223616603},  // RmsProp, Keras, momentum 0
      {1.240422199053492, -1.419464049005783, 0.764019413998722},  // RmsProp, PyTorch, momentum 0, centered
      {1.256836940357205, -1.481199635861557, 0.758259675682173},  // RmsProp, Keras, momentum 0, centered
      {1.398222172028093, -1.126857490641905, 0.897005886547247},  // RmsProp, PyTorch, momentum 0.5
      {1.424045409664924, -1.224791504848187, 0.888392616324029},  // RmsProp, Keras, momentum 0.5
      {1.397880930946444, -1.044843539423905, 0.933606476729929},  // RmsProp, PyTorch, momentum 0.5, centered
      {1.430900586299207, -1.163098180195315, 0.922250486448699},  // RmsProp, Keras, momentum 0.5, centered
  };
  std::size_t row = 0;
  const auto check = [&](auto make_optimizer) {
    CAPTURE(row);
    Parameter w("w", Tensor({3}, {1, -2, 0.5}));
    auto optimizer = make_optimizer(Parameters{&w});
    for (long t = 1; t <= 5; ++t) {
      std::vector<Real> g;
      for (int i = 1; i <= 3; ++i) g.push_back(static_cast<Real>(std::cos(t * i)));
      optimizer.step({{&w, Tensor({3}, g)}});
    }
    CHECK(largest_difference(w.value(), golden[row++]) < 4 * tolerance);
  };
  for (const EpsilonPlace place : {EpsilonPlace::after_correction, EpsilonPlace::outside_correction})
    check([=](Parameters p) {
      return Adam(p, {.learning_rate = 0.1,
                      .beta1 = 0.5,
                      .beta2 = 0.9,
                      .epsilon = 1e-2,
                      .epsilon_place = place,
                      .weight_decay = 0.2});
    });
  for (const double momentum : {0.0, 0.5})
    for (const bool centered : {false, true})
      for (const RmsPropForm form : {RmsPropForm::pytorch, RmsPropForm::keras})
        check([=](Parameters p) {
          return RmsProp(p, {.learning_rate = 0.1,
                             .rho = 0.9,
                             .momentum = momentum,
                             .epsilon = 1e-2,
                             .centered = centered,
                             .form = form});
        });
  CHECK(row == golden.size());
}

TEST_CASE("Adam's first step has the size of the learning rate, with 1 - beta2 taken in double") {
  Parameter w("w", Tensor({2}, 1));
  Adam adam({&w}, {.learning_rate = 0.25, .epsilon = 1e-15});
  adam.step({{&w, Tensor({2}, {4, -1024})}});
  CHECK(w.value()[0] == doctest::Approx(0.75).epsilon(tolerance));
  CHECK(w.value()[1] == doctest::Approx(1.25).epsilon(tolerance));
  CHECK(adam.second_moment(0)[0] == doctest::Approx(0.016).epsilon(tolerance));
}

TEST_CASE("Sgd follows v = momentum v + g, w = w - learning_rate v for 100 steps") {
  for (double momentum : {0.0, 0.9}) {
    Parameter w("w", start());
    Sgd sgd({&w}, {.learning_rate = 0.01, .momentum = momentum});
    std::vector<double> expected = in_double(start()), v(many);
    for (int t = 1; t <= 100; ++t) {
      const Tensor g = gradient(t);
      sgd.step({{&w, g}});
      for (Index i = 0; i < many; ++i) {
        v[i] = momentum * v[i] + g[i];
        expected[i] -= 0.01 * v[i];
      }
    }
    CHECK(largest_difference(w.value(), expected) < 4 * tolerance);
    CHECK(largest_difference(sgd.velocity(0), v) < 10 * tolerance);
  }
}

TEST_CASE("a step changes what it has a gradient for, in place, and nothing else") {
  Parameter a("a", Tensor({3}, 1)), b("b", Tensor({2}, 1)), c("c", Tensor({2}, 1));
  Adam adam({&a, &b, &c}, {});
  const Real* memory = c.value().data();
  CHECK(adam.steps() == 0);
  adam.step({{&c, Tensor({2}, 1)}});
  CHECK(adam.steps() == 1);
  CHECK(a.version() + b.version() == 0);
  CHECK(b.value().numbers() == std::vector<Real>{1, 1});
  CHECK(c.version() == 1);
  CHECK(c.value()[0] == doctest::Approx(1 - 1e-3).epsilon(1e-5));
  CHECK(c.value().data() == memory);
  CHECK(adam.first_moment(1)[0] == 0);
  CHECK(adam.first_moment(2)[0] == doctest::Approx(0.1).epsilon(tolerance));
  const Tensor held = c.value();
  adam.step({{&c, Tensor({2}, 1)}, {&a, Tensor({3}, 1)}});  // in any order
  CHECK(held[0] == doctest::Approx(1 - 1e-3).epsilon(1e-5));
  CHECK(c.value()[0] < held[0]);
  CHECK(a.version() == 1);
}

TEST_CASE("an optimiser refuses what it cannot use, before it changes anything") {
  Parameter a("0.weight", Tensor({3}, 1)), b("1.weight", Tensor({2}, 1)), other("2.weight", Tensor({3}, 1));
  Sgd sgd({&a, &b}, {.learning_rate = 1});
  const Tensor three({3}, 1), two({2}, 1);
  CHECK(
      error_of([&] {
        sgd.step({{&a, three}, {&other, three}});
      }) ==
      "Optimizer: got a gradient of 2.weight, which it does not train; expected its own 2 parameters; ask the tape for "
      "those");
  CHECK(error_of([&] {
          sgd.step({{&a, three}, {&b, three}});
        }) == "Optimizer: got a gradient of shape (3) for 1.weight; expected (2); sum it to that shape");
  CHECK(error_of([&] {
          sgd.step({{&b, two}, {&a, three}, {&b, two}});
        }) == "Optimizer: got two gradients of 1.weight; expected one; add them up");
  CHECK(a.version() + b.version() + sgd.steps() == 0);

  CHECK(error_of([&] { Sgd({&a}, {.learning_rate = -1}); }) ==
        "Sgd: got a learning rate of -1; expected 0 or more; it goes against the gradient");
  CHECK(error_of([&] { Sgd({&a}, {.momentum = 1}); }) ==
        "Sgd: got a momentum of 1; expected 0 or more and less than 1; 0.9 is usual");
  CHECK(error_of([&] { Adam({&a}, {.learning_rate = NAN}); }) ==
        "Adam: got a learning rate of nan; expected 0 or more; it goes against the gradient");
  CHECK(error_of([&] { Adam({&a}, {.beta2 = 1}); }) ==
        "Adam: got beta1 = 0.9 and beta2 = 1; expected 0 or more and less than 1; 0.5 and 0.999 are usual in a DCGAN");
  CHECK(error_of([&] { Adam({&a}, {.epsilon = 0}); }) ==
        "Adam: got an epsilon of 0; expected more than 0; Keras has 1e-7, PyTorch 1e-8");
  CHECK(error_of([&] { Adam({&a}, {.weight_decay = -1}); }) ==
        "Adam: got a weight decay of -1; expected 0 or more; 0.01 is usual");
  CHECK(error_of([&] { RmsProp({&a}, {.learning_rate = -1}); }) ==
        "RmsProp: got a learning rate of -1; expected 0 or more; it goes against the gradient");
  CHECK(error_of([&] { RmsProp({&a}, {.rho = 1}); }) ==
        "RmsProp: got rho = 1 and a momentum of 0; expected 0 or more and less than 1; 0.9 and 0 are usual");
  CHECK(error_of([&] { RmsProp({&a}, {.epsilon = 0}); }) ==
        "RmsProp: got an epsilon of 0; expected more than 0; Keras has 1e-7, PyTorch 1e-8");
}

TEST_CASE("a small network learns a product with each optimiser") {
  const Tensor x = Random(1).uniform({64, 2}, -1, 1);
  const Tensor target = (slice(x, 1, 0, 1) * slice(x, 1, 1, 2)).value();
  const auto losses = [&](auto make_optimizer) {
    Sequential network;
    network.add<Linear>(Shape{64, 2}, LinearOptions{.features = 16, .weight_initializer = he_normal()}, Random(2)(0));
    network.add<LeakyRelu>(0.2);
    network.add<Linear>(Shape{64, 16}, LinearOptions{.features = 1}, Random(2)(2));
    auto optimizer = make_optimizer(network.parameters());
    std::vector<double> all;
    for (int step = 0; step < 300; ++step) {
      Tape tape;
      Var loss = mean_squared_error(network(Pass::training(Random(3)(step), tape), x), target);
      all.push_back(loss.item());
      optimizer.step(std::move(tape).gradient(loss, network.parameters()));
    }
    return all;
  };
  const auto with_adam = losses([](Parameters p) { return Adam(p, {.learning_rate = 0.02}); });
  const auto with_sgd = losses([](Parameters p) { return Sgd(p, {.learning_rate = 0.05, .momentum = 0.9}); });
  const auto with_rmsprop = losses([](Parameters p) { return RmsProp(p, {.learning_rate = 0.005}); });
  CHECK(with_rmsprop.back() < 0.1 * with_rmsprop.front());
  CHECK(with_adam.back() < 0.1 * with_adam.front());
  CHECK(with_sgd.back() < 0.1 * with_sgd.front());
}
