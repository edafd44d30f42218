// A session: epochs and steps, which pictures and latents meet, accuracy, and what pretraining leaves behind.
#include <set>

#include "datasets/synthetic_digits.hpp"
#include "tests/small_session.hpp"

using namespace tapestry;

namespace {

// Puts a spy in front of the discriminator's layers.
Spy& watch(Configuration& c) {
  auto watched = std::make_unique<Sequential>();
  Spy& spy = watched->add<Spy>();
  watched->add<Flatten>();
  watched->add<Linear>(Shape{1, 784}, LinearOptions{.features = 1}, Random(1));
  c.discriminator = std::move(watched);
  return spy;
}

std::vector<Index> shades_of(const Tensor& pictures) {
  std::vector<Index> all;
  for (Index n = 0; n < pictures.shape()[0]; ++n) all.push_back(shade_of(pictures[784 * n]));
  return all;
}

// The bits of all that a configuration's networks hold.
std::vector<std::vector<Real>> everything(Configuration& c) {
  std::vector<std::vector<Real>> all;
  for (Sequential* network : {c.generator.get(), c.discriminator.get()}) {
    for (const Parameter* p : network->parameters()) all.push_back(p->value().numbers());
    for (const Buffer* b : network->buffers()) all.push_back(b->value().numbers());
  }
  return all;
}

const std::string with_batch_norm = R"(discriminator=[{"type": "flatten"}, {"type": "linear", "features": 4},
  {"type": "batch_norm"}, {"type": "dropout", "rate": 0.2}, {"type": "linear", "features": 1}])";

}  // namespace

TEST_CASE("session: steps and epochs agree, whatever the batches and the critic's steps") {
  Configuration c = small_session();
  for (const BatchPolicy policy : {BatchPolicy::shuffled_keep, BatchPolicy::shuffled_drop, BatchPolicy::shuffled_fill,
                                   BatchPolicy::with_replacement})
    for (Index count = 1; count <= 7; ++count) {
      const Dataset dataset = shades(count);
      for (Index batch = 1; batch <= count; ++batch)
        for (Index critic = 1; critic <= 4; ++critic) {
          c.training.batches = policy, c.training.batch = batch, c.game.critic_steps = critic;
          c.training.epochs = 5, c.training.steps = {};
          Session session(c, dataset);
          const Batches batches(count, batch, policy, Random(0));
          CAPTURE(int(policy));
          CAPTURE(count);
          CAPTURE(batch);
          CAPTURE(critic);
          REQUIRE(session.first_step(0) == 0);
          REQUIRE(session.steps() == session.first_step(5));
          REQUIRE(session.epochs() == 5);
          for (Index epoch = 0; epoch < 5; ++epoch) {
            REQUIRE(session.first_step(epoch) <= session.first_step(epoch + 1));
            for (Index step = session.first_step(epoch); step < session.first_step(epoch + 1); ++step) {
              REQUIRE(session.epoch_of(step) == epoch);
              REQUIRE(batches.epoch_of(step * critic) == epoch);  // that of its first batch
            }
          }
          c.training.epochs = {}, c.training.steps = 9;
          Session by_steps(c, dataset);
          REQUIRE(by_steps.steps() == 9);
          REQUIRE(by_steps.epochs() == by_steps.epoch_of(8) + 1);
        }
    }
}

TEST_CASE("session: steps_per_epoch decides whatever the data give") {
  Configuration c = small_session({"training.steps_per_epoch=4", "game.critic_steps=3"});
  const Dataset dataset = shades(5);
  Session session(c, dataset);
  CHECK(session.steps() == 8);
  CHECK(session.first_step(1) == 4);
  CHECK(session.epoch_of(3) == 0);
  CHECK(session.epoch_of(4) == 1);
}

TEST_CASE("session: each of the critic's steps takes the next batch, and fresh latents") {
  Configuration c = small_session({"game.critic_steps=2"});
  Spy& spy = watch(c);
  c.generator->parameters()[0]->assign(Random(1).normal(c.generator->parameters()[0]->shape()));
  Recorder *of_discriminator = nullptr, *of_generator = nullptr;
  const auto record = [](Recorder*& recorder) {
    return [&recorder](Parameters parameters) {
      auto made = std::make_unique<Recorder>(std::move(parameters));
      recorder = made.get();
      return made;
    };
  };
  c.discriminator_optimizer = record(of_discriminator);
  c.generator_optimizer = record(of_generator);
  const Dataset dataset = shades(7);
  Session session(c, dataset);  // 4 batches in an epoch, the last of one picture
  REQUIRE(session.steps() == 4);
  for (Index epoch = 0; epoch < 2; ++epoch) {
    spy.seen.clear();
    session.step();
    session.step();
    CHECK(session.epochs_begun() == epoch + 1);
    REQUIRE(spy.seen.size() == 10);  // twice: real, fake, real, fake, answer
    std::vector<Index> real;
    std::set<std::vector<Real>> fakes;
    for (std::size_t i = 0; i < 10; ++i) {
      const bool is_real = i % 5 == 0 || i % 5 == 2;
      if (is_real)
        for (const Index shade : shades_of(spy.seen[i])) real.push_back(shade);
      else
        fakes.insert(spy.seen[i].numbers());
    }
    std::sort(real.begin(), real.end());
    CHECK(real == std::vector<Index>{0, 1, 2, 3, 4, 5, 6});
    CHECK(fakes.size() == 6);
  }
  CHECK(session.pictures_seen() == 14);
  CHECK(of_discriminator->steps() == 8);
  CHECK(of_generator->steps() == 4);
}

TEST_CASE("session: fakes are fresh for the answer, or shared") {
  for (const bool shared : {false, true}) {
    Configuration c = small_session({std::string("game.fakes=") + (shared ? "shared" : "fresh")});
    Spy& spy = watch(c);
    c.generator->parameters()[0]->assign(Random(1).normal(c.generator->parameters()[0]->shape()));
    const Dataset dataset = shades(7);
    Session session(c, dataset);
    session.step();
    REQUIRE(spy.seen.size() == 3);
    CHECK((spy.seen[1].numbers() == spy.seen[2].numbers()) == shared);
  }
}

TEST_CASE("session: instance noise fades by the number of the step") {
  Configuration c =
      small_session({"game.instance_noise.deviation=0.25", "game.instance_noise.steps=2", "training.epochs=10"});
  Spy& spy = watch(c);
  const Dataset dataset = shades(2);
  Session session(c, dataset);
  const auto noise = [&] {
    spy.seen.clear();
    session.step();
    const Tensor& seen = spy.seen[0];  // each picture is of one shade
    double squares = 0;
    for (Index n = 0; n < 2; ++n) {
      double sum = 0, sum_of_squares = 0;
      for (Index i = 0; i < 784; ++i) sum += seen[784 * n + i], sum_of_squares += std::pow(seen[784 * n + i], 2);
      squares += std::max(0.0, sum_of_squares / 784 - std::pow(sum / 784, 2));
    }
    return std::sqrt(squares / 2);
  };
  CHECK(noise() == doctest::Approx(0.25).epsilon(0.1));
  CHECK(noise() == doctest::Approx(0.125).epsilon(0.1));
  CHECK(noise() < 1e-3);
}

TEST_CASE("session: pictures carry their labels, fakes those that they were asked for") {
  for (const char* kind : {"summed", "concatenated", "separate"}) {
    CAPTURE(kind);
    Configuration c = small_session(
        {std::string("game.discriminator_step=") + kind,
         R"(generator=[{"type": "class_embedding", "classes": 10, "size": 2}, {"type": "linear", "features": 784},
                       {"type": "reshape", "shape": [1, 28, 28]}, {"type": "sigmoid"}])"});
    Spy& spy = watch(c);
    const Dataset dataset = shades(40, 10);
    Session session(c, dataset);
    std::vector<Index> of_fakes(10);
    for (Index i = 0; i < 20; ++i) {
      spy.seen.clear(), spy.labels.clear();
      session.step();
      for (std::size_t i = 0; i < spy.seen.size(); ++i) {
        const Tensor& labels = spy.labels[i];
        REQUIRE(labels.shape() == Shape{spy.seen[i].shape()[0]});
        const Index reals = i > 0 ? 0 : 2;
        const std::vector<Index> shades = shades_of(spy.seen[i]);
        for (Index n = 0; n < labels.size(); ++n)
          if (n < reals)
            CHECK(labels[n] == shades[n] % 10);
          else
            ++of_fakes.at(static_cast<std::size_t>(labels[n]));
      }
    }
    for (const Index count : of_fakes) CHECK(count > 1);  // about 8
    const Batch z = session.sample_latents(13);
    for (Index n = 0; n < 13; ++n) CHECK(z.labels[n] == n / 5);  // a class in each row
    CHECK(session.sample_latents(13).x.numbers() == z.x.numbers());
  }
}

TEST_CASE("session: latents end in codes") {
  Configuration c = small_session({R"(codes={"categorical": 3, "continuous": 1, "head": [{"type": "linear",
                                      "features": 4}]})"});
  CHECK(c.generator->parameters()[0]->shape() == Shape{784, 7});
  const Dataset dataset = shades(6);
  Session session(c, dataset);
  const Batch z = session.sample_latents(20);
  REQUIRE(z.x.shape() == Shape{20, 7});
  for (const Numbers& row : rows_of(z.x)) {
    CHECK(row[3] + row[4] + row[5] == 1);
    CHECK(row[3] * row[3] + row[4] * row[4] + row[5] * row[5] == 1);
    CHECK(std::abs(row[6]) <= 1);
  }
}

TEST_CASE("session: data whose classes are not those of the layers") {
  Configuration c = small_session(
      {R"(discriminator=[{"type": "flatten"}, {"type": "projection", "classes": 10}])", "training.batch=1"});
  const auto error = [&](int classes) {
    const Dataset dataset = shades(10, classes);
    return error_of([&] { Session(c, dataset); });
  };
  CHECK(error(10) == "no error");
  CHECK(error(3) == "shades: has 3 classes; expected 10, for which a projection was made; say \"classes\": 3 there");
}

TEST_CASE("session: accuracy is the share that the discriminator takes for what they are") {
  // Brighter than a half is real.
  Configuration c = small_session();
  c.discriminator->parameters()[0]->assign(Tensor({1, 784}, Real(1) / 784));
  c.discriminator->parameters()[1]->assign(Tensor({1}, Real(-0.5)));
  c.generator->parameters()[1]->assign(Tensor({784}, -5));  // black
  const Dataset dataset = shades(256);
  Session session(c, dataset);
  Accuracy a = session.accuracy(2000, 1);
  CHECK(std::abs(a.on_real - 0.5) < 4 * 0.5 / std::sqrt(2000.0));
  CHECK(a.on_fake == 1);
  CHECK(session.accuracy(2000, 1).on_real == a.on_real);
  CHECK(session.accuracy(2000, 2).on_real != a.on_real);
  c.generator->parameters()[1]->assign(Tensor({784}, 5));
  CHECK(session.accuracy(10, 1).on_fake == 0);
  CHECK(session.accuracy(1, 1).on_fake == 0);
}

TEST_CASE("session: pretraining that is not kept leaves no trace, to the last bit") {
  // The two that begin alike end alike; with "keep", the optimiser goes on where pretraining left it.
  const auto play = [](const std::string& keep, Index pretraining) {
    Configuration c = small_session({with_batch_norm, "training.batch=8", "pretrain.batch=5", "pretrain.keep=" + keep,
                                     "pretrain.steps=" + std::to_string(pretraining), "training.average=0.5"});
    const Dataset dataset = shades(100);
    Session session(c, dataset);
    const auto untrained = everything(c);
    Index reported = 0;
    session.pretrain([&](Index step, const StepResult& r) {
      CHECK(step == ++reported);
      CHECK(r.accuracy_on_real >= 0);
      CHECK(r.accuracy_on_fake <= 1);
      CHECK(r.discriminator_loss > 0);
      return true;
    });
    CHECK(reported == pretraining);
    const auto pretrained = everything(c);
    CHECK(session.steps_done() == 0);
    CHECK(session.pictures_seen() == 0);
    for (int i = 0; i < 3; ++i) session.step();
    return std::tuple(untrained, pretrained, everything(c));
  };
  const auto [untrained, same, without] = play("false", 0);
  CHECK(same == untrained);
  CHECK(without != untrained);
  CHECK(play("false", 4) == std::tuple(untrained, untrained, without));
  const auto [untrained_too, kept, with] = play("true", 4);
  CHECK(untrained_too == untrained);
  CHECK(kept != untrained);
  CHECK(kept[0] == untrained[0]);  // the generator is no part of it
  CHECK(kept[1] == untrained[1]);
  CHECK(with != without);
}

TEST_CASE("session: pretraining has an optimiser of its own unless it is kept") {
  for (const bool keep : {false, true}) {
    CAPTURE(keep);
    Configuration c = small_session({"pretrain.steps=4", std::string("pretrain.keep=") + (keep ? "true" : "false")});
    std::vector<Recorder*> made;
    c.discriminator_optimizer = [&](Parameters parameters) {
      auto recorder = std::make_unique<Recorder>(std::move(parameters));
      made.push_back(recorder.get());
      return recorder;
    };
    const Dataset dataset = shades(10);
    Session session(c, dataset);
    session.pretrain([&](Index step, const StepResult&) {
      CHECK(made.at(keep ? 0 : 1)->steps() == 2 * step);
      return true;
    });
    CHECK(made.at(0)->steps() == (keep ? 8 : 0));
  }
}

TEST_CASE("session: pretraining on noise in the range of the data, or any other, and it learns") {
  const auto noise_of = [](const std::vector<std::string>& set, const std::string& scale) {
    std::vector<std::string> all = {"pretrain.steps=2", "pretrain.batch=7", "data.scale=" + scale};
    if (scale == "[-1,1]") all.push_back("generator.2.type=tanh");
    all.insert(all.end(), set.begin(), set.end());
    Configuration c = small_session(all);
    Spy& spy = watch(c);
    const Dataset dataset = shades(10);
    Session session(c, dataset);
    session.pretrain([](Index, const StepResult&) { return true; });
    REQUIRE(spy.seen.size() == 4);
    CHECK(spy.seen[0].shape() == Shape{7, 1, 28, 28});
    CHECK(spy.seen[1].numbers() != spy.seen[3].numbers());
    const std::vector<Real> noise = spy.seen[1].numbers();
    const auto [low, high] = std::minmax_element(noise.begin(), noise.end());
    double mean = 0;
    for (const Real number : noise) mean += number / double(noise.size());
    const double range = *high - *low;
    CHECK(std::abs(mean - (*low + *high) / 2) < 0.02 * range);
    return std::pair<double, double>(std::round(1e2 * *low) / 1e2, std::round(1e2 * *high) / 1e2);
  };
  CHECK(noise_of({}, "[0,1]") == std::pair(0.0, 1.0));
  CHECK(noise_of({}, "[-1,1]") == std::pair(-1.0, 1.0));
  CHECK(noise_of({"pretrain.noise=[1,2]"}, "[-1,1]") == std::pair(1.0, 2.0));  // as one recipe was printed

  Configuration c =
      small_session({R"(discriminator=[{"type": "flatten"}, {"type": "linear", "features": 8},
                                     {"type": "leaky_relu", "slope": 0.2}, {"type": "linear", "features": 1}])",
                     "pretrain.steps=20", "pretrain.batch=16", "optimizers.discriminator.learning_rate=0.002"});
  const Dataset dataset = synthetic_digits(100, 5);
  Session session(c, dataset);
  StepResult last;
  session.pretrain([&](Index, const StepResult& result) {
    last = result;
    return true;
  });
  CHECK(last.accuracy_on_real == 1);
  CHECK(last.accuracy_on_fake == 1);
}
