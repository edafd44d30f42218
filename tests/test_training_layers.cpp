// Layers that do something else in training than in evaluation: batch_norm and dropout.
#include <set>

#include "tests/layer_helpers.hpp"

using namespace tapestry;

TEST_CASE("batch_norm follows the statistics of the batch, in both conventions") {
  // Channel 0: 1 2 3 6, mean 3, variance 14 / 4 or 14 / 3. Channel 1: 0 0 0 8, mean 2, variance 48 / 4 or 48 / 3.
  const Tensor rows({4, 2}, {1, 0, 2, 0, 3, 0, 6, 8});
  const Tensor pictures({2, 2, 1, 2}, {1, 2, 0, 0, 3, 6, 0, 8});
  for (const Tensor& x : {rows, pictures})
    for (bool unbiased : {false, true}) {
      CAPTURE(x.shape());
      CAPTURE(unbiased);
      BatchNorm layer(x.shape(), {.momentum = 0.9, .unbiased_running_variance = unbiased}, Random(1));
      const Buffer &mean = *layer.buffers()[0], &variance = *layer.buffers()[1];
      const Pass training = Pass::training(Random(1));
      layer(training.without_running_statistics(), x);
      layer(Pass::evaluation(), x);
      CHECK(mean.version() + variance.version() == 0);
      CHECK(variance.value().numbers() == std::vector<Real>{1, 1});
      layer(training, x);
      const double n = unbiased ? 3 : 4;
      CHECK(mean.value()[0] == doctest::Approx(0.3).epsilon(tolerance));
      CHECK(mean.value()[1] == doctest::Approx(0.2).epsilon(tolerance));
      CHECK(variance.value()[0] == doctest::Approx(0.9 + 0.1 * 14 / n).epsilon(tolerance));
      CHECK(variance.value()[1] == doctest::Approx(0.9 + 0.1 * 48 / n).epsilon(tolerance));
      layer(training, x);
      CHECK(mean.value()[0] == doctest::Approx(0.9 * 0.3 + 0.3).epsilon(tolerance));
      CHECK(mean.version() == 2);
    }
}

TEST_CASE("batch_norm: training takes the batch's statistics, evaluation the running ones") {
  const double epsilon = 0.5;
  BatchNorm layer({4, 2}, {.epsilon = epsilon}, Random(1));
  layer.parameters()[0]->assign(Tensor({2}, {2, -3}));
  layer.parameters()[1]->assign(Tensor({2}, {0.5, 7}));
  layer.buffers()[0]->assign(Tensor({2}, {1, -1}));
  layer.buffers()[1]->assign(Tensor({2}, {4, 9}));
  const double scale[] = {2 / std::sqrt(4 + epsilon), -3 / std::sqrt(9 + epsilon)};
  const Tensor x({2, 2, 1, 2}, {1, 2, 0, 0, 3, 6, 0, 8});

  Tape tape;
  Var input = tape.variable(x);
  Var y = layer({.tape = &tape}, input);
  Var dx = std::move(tape).gradient(sum(y * y), {input})[0];
  Tensor first = slice(x, 0, 0, 1).value();
  CHECK(difference(layer({}, first).value(), slice(y.value(), 0, 0, 1).value()) == 0);  // whatever the others are
  for (Index i = 0; i < x.size(); ++i) {
    const int c = i / 2 % 2;
    const double expected = c ? 7 + (x[i] + 1) * scale[1] : 0.5 + (x[i] - 1) * scale[0];
    CHECK(y.value()[i] == doctest::Approx(expected).epsilon(tolerance));
    CHECK(dx.value()[i] == doctest::Approx(2 * expected * scale[c]).epsilon(tolerance));
  }
  const Tensor rows({1, 2}, {3, 5});
  CHECK(layer({}, rows).value()[1] == doctest::Approx(7 + 6 * scale[1]).epsilon(tolerance));

  const Tensor trained = layer(Pass::training(Random(1)), Tensor({4, 2}, {1, 0, 2, 0, 3, 0, 6, 8})).value();
  CHECK(trained[0] == doctest::Approx(0.5 + 2 * (1 - 3) / std::sqrt(3.5 + epsilon)).epsilon(tolerance));
  CHECK(trained[7] == doctest::Approx(7 - 3 * (8 - 2) / std::sqrt(12 + epsilon)).epsilon(tolerance));
}

TEST_CASE("a tape notices running statistics that changed after evaluation was recorded") {
  BatchNorm layer({4, 2}, {}, Random(1));
  Tape tape;
  Var x = tape.variable(numbers({4, 2}));
  Var y = layer({.tape = &tape}, x);
  layer.buffers()[1]->assign(Tensor({2}, 4));
  CHECK(error_of([&] { tape.gradient(sum(y * y), {x}); }).find("running_var") != std::string::npos);
}

TEST_CASE("dropout: masks of mean 1, one for each purpose, step, layer and sample") {
  const double rate = 0.3;
  Dropout layer(rate);
  const Random random(3);
  const Tensor ones({1000, 100}, 1);
  const auto mask = [&](Random r, const Tensor& x, Index first_sample = 0) {
    Pass pass = Pass::training(r);
    pass.first_sample = first_sample;
    return layer(pass, x).value();
  };
  const Tensor m = mask(random, ones);
  double sum = 0;
  std::set<Real> values;
  for (Real number : m.numbers()) sum += number, values.insert(number);
  CHECK(values == std::set<Real>{0, Real(1 / (1 - rate))});
  const double deviation = std::sqrt(rate / (1 - rate) / m.size());
  CHECK(std::abs(sum / m.size() - 1) < 4 * deviation);

  const Tensor few({4, 100}, 1);
  const std::vector<Real> plain = mask(random, few).numbers();
  CHECK(mask(random, few).numbers() == plain);
  for (const Random& other : {random("judging real"), random("judging fake"), random(0), random(1)})
    CHECK(mask(other, few).numbers() != plain);
  CHECK(mask(random("judging real"), few).numbers() != mask(random("judging fake"), few).numbers());
  CHECK(mask(random(0), few).numbers() != mask(random(1), few).numbers());
  CHECK(slice(m, 0, 2, 4).value().numbers() == mask(random, Tensor({2, 100}, 1), 2).numbers());

  Sequential two;
  two.add<Dropout>(rate);
  const Tensor at_first = two(Pass::training(random), few).value();
  Sequential second;
  second.add<Relu>();
  second.add<Dropout>(rate);
  CHECK(second(Pass::training(random), few).value().numbers() != at_first.numbers());

  CHECK(layer(Pass::evaluation(), ones).value().shares_storage_with(ones));
  CHECK(Dropout(0)(Pass::training(random), ones).value().shares_storage_with(ones));
  CHECK(mask(random, Tensor({4, 100}, 5)).numbers()[0] == 5 * plain[0]);
}
