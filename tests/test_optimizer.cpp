// What all optimisers share: rates that change, paces of groups, frozen parameters, clipping, gradients added up.
#include "autograd/losses.hpp"
#include "optim/adam.hpp"
#include "optim/gradients.hpp"
#include "optim/sgd.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

// Two small layers; what it makes of a batch; its gradients.
struct Network {
  Network() {
    layers.add<Conv2d>(Shape{1, 2, 6, 6}, ConvOptions{.channels = 3, .kernel_h = 3, .kernel_w = 3}, Random(1)(0));
    layers.add<LeakyRelu>(0.2);
    layers.add<Flatten>();
    layers.add<Linear>(Shape{1, 108}, LinearOptions{.features = 1}, Random(1)(3));
  }
  Gradients gradients(const Tensor& x, const Parameters& wrt) {
    Tape tape;
    const Var loss = bce_with_logits(layers(Pass::training(Random(2), tape), x), 1);
    return std::move(tape).gradient(loss, wrt);
  }
  Gradients gradients(const Tensor& x) { return gradients(x, layers.parameters()); }

  Sequential layers;
};

std::vector<Real> all_numbers(const Gradients& gradients) {
  std::vector<Real> all;
  for (const auto& [parameter, gradient] : gradients)
    for (const Real g : gradient.numbers()) all.push_back(g);
  return all;
}

Tensor part(const Tensor& x, Index begin, Index end) { return slice(x, 0, begin, end).value(); }

}  // namespace

TEST_CASE("an optimiser's learning rate can be set before each step, and can follow a schedule") {
  Parameter w("w", Tensor({1}, 0));
  const Tensor one({1}, 1);
  Sgd sgd({&w}, {.learning_rate = 1});
  sgd.step({{&w, one}});
  CHECK(w.value().item() == -1);
  sgd.set_learning_rate(0.5);
  CHECK(sgd.learning_rate() == 0.5);
  sgd.step({{&w, one}});
  CHECK(w.value().item() == -1.5);
  sgd.set_learning_rate(schedules::steps(8, 0.5, 1));  // it has taken 2 steps: 8 / 4, then 8 / 8
  CHECK(sgd.learning_rate() == 2);
  sgd.step({{&w, one}});
  CHECK(w.value().item() == -3.5);
  sgd.step({{&w, one}});
  CHECK(w.value().item() == -4.5);
  sgd.set_learning_rate([](long t) { return t < 5 ? 0.0 : -1.0; });
  sgd.step({{&w, one}});
  CHECK(w.value().item() == -4.5);
  CHECK(error_of([&] {
          sgd.step({{&w, one}});
        }) == "Sgd: got a learning rate of -1 after 5 steps; expected 0 or more; see its schedule");
  CHECK(sgd.steps() == 5);
  CHECK(w.version() == 5);
}

TEST_CASE("groups of parameters have paces of their own") {
  Parameter weight("0.weight", Tensor({2}, 1)), bias("0.bias", Tensor({2}, 1)), other("1.weight", Tensor({2}, 1));
  const Tensor g({2}, 1);
  Sgd sgd({&weight, &bias, &other}, {.learning_rate = 0.5});
  sgd.set_pace({&weight, &bias}, {.learning_rate = 0.25});
  sgd.step({{&weight, g}, {&bias, g}, {&other, g}});
  CHECK(weight.value()[0] == 0.875);
  CHECK(bias.value()[0] == 0.875);
  CHECK(other.value()[0] == 0.5);

  const auto decayed = [&](Parameter& p, Pace pace) {  // a gradient of 0: only the decay is seen
    p.assign(Tensor({2}, 1));
    Adam adam({&p}, {.learning_rate = 0.5, .weight_decay = 0.25});
    adam.set_pace({&p}, pace);
    adam.step({{&p, Tensor({2}, 0)}});
    return p.value()[0];
  };
  CHECK(decayed(weight, {}) == 0.875);
  CHECK(decayed(weight, {.learning_rate = 0.5}) == 0.9375);
  CHECK(decayed(bias, {.weight_decay = 0}) == 1);

  CHECK(error_of([&] {
          Sgd({&bias}, {}).set_pace({&bias, &weight}, {});
        }) == "Sgd: got a pace for 0.weight, which it does not train; expected some of its own 1 parameters");
  CHECK(error_of([&] { Sgd({&bias}, {}).set_pace({&bias}, {.learning_rate = -1}); }) ==
        "Sgd: got a pace of -1; expected 0 or more; it is a factor");
  CHECK(error_of([&] { Sgd({&bias}, {}).set_pace({&bias}, {.weight_decay = NAN}); }) ==
        "Sgd: got a pace of nan; expected 0 or more; it is a factor");
}

TEST_CASE("a frozen layer is not asked for and not updated, but gradients flow through it") {
  Network network;
  const Parameters all = network.layers.parameters();
  freeze(network.layers[3].parameters());
  const Parameters rest = trainable(all);
  CHECK(rest == Parameters{all[0], all[1]});
  const Tensor x = Random(3).normal({4, 2, 6, 6});
  const Gradients gradients = network.gradients(x, rest);
  const std::vector<Real> before = all[2]->value().numbers();
  Sgd sgd(all, {});
  sgd.step(gradients);
  CHECK(all[0]->version() == 1);
  CHECK(all[2]->version() == 0);
  CHECK(all[2]->value().numbers() == before);

  Network same;
  const Gradients of_all = same.gradients(x);
  CHECK(all_numbers({of_all[0], of_all[1]}) == all_numbers(gradients));

  CHECK(error_of([&] { sgd.step(network.gradients(x)); }) ==
        "Optimizer: got a gradient of 3.weight, which is frozen; expected gradients of others; ask the tape for "
        "trainable(parameters)");
  CHECK(all[0]->version() == 1);
  unfreeze(all);
  sgd.step(network.gradients(x));
  CHECK(all[2]->version() == 1);
  CHECK(trainable(all) == all);
}

TEST_CASE("halves of a batch, added up, give the gradient of the whole") {
  for (const Index batch : {64, 128, 256}) {
    Network network;
    const Tensor x = Random(3).normal({batch, 2, 6, 6});
    Gradients total;
    for (const Index half : {0, 1})
      total = add(std::move(total), network.gradients(part(x, half * batch / 2, (half + 1) * batch / 2)));
    total = scale(std::move(total), 0.5);
    CHECK(all_numbers(total) == all_numbers(network.gradients(x)));  // to the last bit
  }
  Network network;  // of other sizes, but for rounding
  const Tensor x = Random(3).normal({10, 2, 6, 6});
  const Gradients whole = network.gradients(x);
  const Gradients sum =
      add(scale(network.gradients(part(x, 0, 7)), 0.7), scale(network.gradients(part(x, 7, 10)), 0.3));
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(difference(sum[i].second, whole[i].second) < 2 * tolerance);
}

TEST_CASE("gradients are added by parameter, in place where they can be, and never under another's eyes") {
  Parameter a("a", Tensor({2}, 0)), b("b", Tensor({2}, 0));
  const Tensor of_a({2}, 1);
  Gradients one{{&a, of_a}}, two{{&b, Tensor({2}, 5)}, {&a, Tensor({2}, 2)}};
  const Gradients sum = add(one, two);
  REQUIRE(sum.size() == 2);
  CHECK(sum[0].first == &a);
  CHECK(sum[0].second.numbers() == std::vector<Real>{3, 3});
  CHECK(sum[1].second.numbers() == std::vector<Real>{5, 5});
  CHECK(of_a[0] == 1);
  CHECK(two[1].second[0] == 2);
  CHECK(scale(two, 3)[0].second[0] == 15);
  CHECK(two[0].second[0] == 5);
  Gradients alone{{&a, Tensor({2}, 4)}};
  const Real* memory = alone[0].second.data();
  alone = scale(add(std::move(alone), two), 2);
  CHECK(alone[0].second.data() == memory);
  CHECK(alone[0].second[1] == 12);
}

TEST_CASE("gradients are clipped by their norm, all together, or number by number") {
  Parameter a("0.weight", Tensor({2}, 0)), b("0.bias", Tensor({1}, 0));
  const Gradients g{{&a, Tensor({2}, {2, -3})}, {&b, Tensor({1}, 6)}};  // 4 + 9 + 36 = 49
  CHECK(norm(g) == 7);
  CHECK(norm({}) == 0);
  const Gradients halved = clip_by_norm(g, 3.5);
  CHECK(halved[0].second.numbers() == std::vector<Real>{1, -1.5});
  CHECK(halved[1].second.item() == 3);
  for (const double largest : {7, 14}) CHECK(all_numbers(clip_by_norm(g, largest)) == all_numbers(g));
  const Gradients cut = clip_by_value(g, 2.5);
  CHECK(cut[0].second.numbers() == std::vector<Real>{2, -2.5});
  CHECK(cut[1].second.item() == 2.5);
  CHECK(all_numbers(g) == std::vector<Real>{2, -3, 6});

  Gradients large{{&a, Tensor({2}, Real(3e30))}};  // whose squares no float holds
  CHECK(norm(large) == doctest::Approx(std::sqrt(2) * 3e30).epsilon(1e-6));
  CHECK(clip_by_norm(large, 1)[0].second[0] == doctest::Approx(std::sqrt(0.5)).epsilon(1e-6));
  Tensor many = Random(1).normal({100, 777});
  double squares = 0;
  for (const Real x : many.numbers()) squares += double(x) * x;
  CHECK(norm({{&a, many}}) == doctest::Approx(std::sqrt(squares)).epsilon(1e-13));

  const Gradients broken{{&b, Tensor({1}, 1)}, {&a, Tensor({2}, {1, NAN})}};
  CHECK(error_of([&] { clip_by_norm(broken, 1); }) ==
        "norm: got a gradient of 0.weight that is not finite; expected numbers that are; a smaller learning rate may "
        "keep them so");
  CHECK(error_of([&] { clip_by_norm(g, 0); }) == "clip_by_norm: got 0; expected more than 0; 1 and 5 are usual");
  CHECK(error_of([&] { clip_by_value(g, NAN); }) ==
        "clip_by_value: got nan; expected more than 0; 0.5 and 1 are usual");
}

TEST_CASE("an optimiser clips before it steps: first each number, then the norm") {
  Parameter w("w", Tensor({2}, 0));
  const Gradients g{{&w, Tensor({2}, {4, 30})}};
  const auto moved = [&](Clipping clipping) {
    w.assign(Tensor({2}, 0));
    Sgd sgd({&w}, {.learning_rate = 1});
    sgd.set_clipping(clipping);
    sgd.step(g);
    return w.value().numbers();
  };
  CHECK(moved({}) == std::vector<Real>{-4, -30});
  CHECK(moved({.value = 3}) == std::vector<Real>{-3, -3});
  CHECK(moved({.value = 3, .norm = 2.5}) == moved({.value = Real(std::sqrt(2.5 * 2.5 / 2))}));
  CHECK(g[0].second[1] == 30);
  CHECK(error_of([&] { Sgd({&w}, {}).set_clipping({.norm = -1}); }) ==
        "Sgd: got -1 to clip gradients to; expected more than 0");
}
