// The parts of a configuration that say how the game is played, with which losses and data, and what is written down:
// read, refused word for word, resolved, and a user's own among them.
#include "apps/common/session.hpp"
#include "datasets/synthetic_digits.hpp"
#include "tests/layer_helpers.hpp"

using namespace tapestry;

namespace {

// The values begin in columns that can be counted: each part stands in a line of its own.
const char* const plain = R"({
"data": {"source": "synthetic_digits", "scale": [-1, 1]},
"latent": {"size": 10},
"generator": [{"type": "linear", "features": 784}, {"type": "reshape", "shape": [1, 28, 28]}, {"type": "tanh"}],
"discriminator": [{"type": "flatten"}, {"type": "linear", "features": 8}, {"type": "linear", "features": 1}],
"loss": "bce_with_logits",
"training": {"epochs": 3, "batch": 8}
})";

Configuration read(const std::vector<std::string>& set, const Trainer& trainer = {{"synthetic_digits"}}) {
  JsonSource source("c.json", plain);
  Problems problems;
  for (const std::string& assignment : set) source.set(assignment, problems);
  return read_configuration(source, trainer, problems);
}

std::string error_after(const std::vector<std::string>& set) {
  return error_of([&] { read(set); });
}

// The one error that a set has, without its place.
std::string error_of_one(const std::string& assignment, const std::vector<std::string>& others = {}) {
  std::vector<std::string> all = others;
  all.push_back(assignment);
  const std::string error = error_after(all), place = "--set " + assignment + ": ";
  return error.starts_with(place) ? error.substr(place.size()) : error;
}

}  // namespace

TEST_CASE("game: everything that can be said, and its defaults") {
  const Game defaults = read({}).game;
  CHECK(defaults.critic_steps == 1);
  CHECK(defaults.labels.real == 1);
  CHECK(defaults.labels.fake == 0);
  CHECK(defaults.labels.noise == 0);
  CHECK(defaults.labels.flip == 0);
  CHECK(defaults.instance_noise.deviation == 0);
  CHECK(defaults.instance_noise.steps == 0);
  const Game game = read({R"(game={"discriminator_step": "concatenated", "critic_steps": 5,
                            "labels": {"real": 0.9, "fake": 0.1, "noise": 0.05, "flip": 0.02},
                            "instance_noise": {"deviation": 0.1, "steps": 2000}})"})
                        .game;
  CHECK(game.discriminator_step == DiscriminatorStep::concatenated);
  CHECK(game.critic_steps == 5);
  CHECK(game.labels.real == 0.9);
  CHECK(game.labels.fake == 0.1);
  CHECK(game.labels.noise == 0.05);
  CHECK(game.labels.flip == 0.02);
  CHECK(game.instance_noise.deviation == 0.1);
  CHECK(game.instance_noise.steps == 2000);
  CHECK(game.instance_noise.at(500) == doctest::Approx(0.075));

  CHECK(error_of_one("game.critic_steps=0") == "/game/critic_steps is 0; expected an integer from 1 to 1000");
  CHECK(error_of_one("game.labels.real=1.5") == "/game/labels/real is 1.5; expected a number from 0 to 1");
  CHECK(error_of_one("game.labels.flip=-0.5") == "/game/labels/flip is -0.5; expected a number from 0 to 1");
  CHECK(error_of_one("game.labels.smooth=1") ==
        "/game/labels/smooth is not a known key; expected one of \"real\", \"fake\", \"noise\", \"flip\"");
  CHECK(error_of_one("game.instance_noise.deviation=-1") ==
        "/game/instance_noise/deviation is -1; expected a number of 0 or more");
  CHECK(error_of_one("game.instance_noise=0.1") == "/game/instance_noise is 0.1; expected an object");
}

TEST_CASE("game: what does not go together") {
  const std::string smoothed =
      "are smoothed; expected \"real\" 1, \"fake\" 0 and \"noise\" 0, since this loss knows real and fake only; "
      "\"flip\" "
      "works with any loss";
  for (const std::string loss : {"hinge", "wasserstein", "wasserstein_gp"}) {
    CAPTURE(loss);
    for (const std::string label : {"real\": 0.9", "fake\": 0.1", "noise\": 0.1"})
      CHECK(error_of_one("game.labels={\"" + label + "}", {"loss=" + loss}) == "/game/labels " + smoothed);
    CHECK(error_of_one("game.labels.flip=0.1", {"loss=" + loss}) == "no error");
  }
  for (const std::string loss : {"r1", "saturating", "least_squares"})
    CHECK(error_of_one("game.labels.real=0.9", {"loss=" + loss}) == "no error");

  for (const std::string loss : {"wasserstein_gp", "r1"}) {
    CHECK(error_of_one("game.discriminator_step=separate", {"loss=" + loss}) ==
          "/game/discriminator_step is \"separate\"; expected \"summed\" or \"concatenated\" with a loss that has a "
          "penalty, which belongs to one update on real pictures and fakes");
    CHECK(error_of_one("game.discriminator_step=concatenated", {"loss=" + loss}) == "no error");
    CHECK(error_after({"loss=" + loss, R"(discriminator=[{"type": "flatten"}, {"type": "batch_norm"},
                                          {"type": "linear", "features": 1}])"})
              .ends_with("/discriminator/1 is a batch_norm; expected none in a discriminator whose \"loss\" has a "
                         "gradient penalty, since the verdict on a picture would depend on the others of its batch; "
                         "leave it out, or take a layer_norm"));
    CHECK(error_after({"loss=" + loss, R"(generator=[{"type": "linear", "features": 784}, {"type": "batch_norm"},
                                          {"type": "reshape", "shape": [1, 28, 28]}, {"type": "tanh"}])"}) ==
          "no error");
  }

  CHECK(error_after({"game.fakes=shared", "game.critic_steps=2", "game.order=simultaneous"}) ==
        "--set game.order=simultaneous: /game/order is \"simultaneous\"; expected \"critic_steps\" to be 1 then, since "
        "both networks learn at once\n"
        "--set game.fakes=shared: /game/fakes are \"shared\"; expected \"fresh\" ones with more than one of "
        "\"critic_steps\"");
  CHECK(error_of_one("game.fakes=shared", {"game.critic_steps=2"}) ==
        "/game/fakes are \"shared\"; expected \"fresh\" ones with more than one of \"critic_steps\"");
  CHECK(error_of_one("game.order=simultaneous", {"game.fakes=shared", "loss=wasserstein_gp"}) == "no error");
}

TEST_CASE("losses and what the discriminator ends in") {
  const std::vector<std::string> sigmoid = {R"(discriminator=[{"type": "flatten"}, {"type": "linear", "features": 1},
                                              {"type": "sigmoid"}])"};
  const auto ending = [](const std::string& error) { return error.substr(error.find("/discriminator")); };
  for (const std::string loss : {"least_squares", "hinge", "wasserstein", "wasserstein_gp"})
    CHECK(ending(error_after({sigmoid[0], "loss=" + loss})) ==
          "/discriminator/2 is a sigmoid; expected the scores at the end, since \"loss\" takes scores of any size");
  for (const std::string loss : {"bce_with_logits", "saturating", "r1"})
    CHECK(ending(error_after({sigmoid[0], "loss=" + loss})) ==
          "/discriminator/2 is a sigmoid; expected the logits at the end, since \"loss\" takes logits");
  for (const std::string loss : {"bce", "bce_on_probabilities"}) {
    CHECK(error_after({sigmoid[0], "loss=" + loss}) == "no error");
    CHECK(error_after({"loss=" + loss}) ==
          "c.json:5:75: /discriminator/2 is a linear; expected a sigmoid at the end, since \"loss\" judges "
          "probabilities");
  }
  CHECK(error_after({"loss=softmax", "discriminator.2.features=2"}) == "no error");
}

TEST_CASE("a loss is a word or an object, and both are resolved alike") {
  CHECK(read({"loss=wasserstein"}).resolved["loss"].dump() == R"({"type":"wasserstein","clip":0.01})");
  CHECK(read({R"(loss={"type": "wasserstein"})"}).resolved["loss"].dump() == R"({"type":"wasserstein","clip":0.01})");
  CHECK(read({R"(loss={"type": "wasserstein_gp", "weight": 3})"}).loss.penalty_weight == 3);
  CHECK(read({"loss=hinge"}).resolved["loss"].dump() == R"({"type":"hinge"})");
  CHECK(error_of_one("loss=[1]").starts_with("/loss is [1]; expected one of \"bce\", "));
  CHECK(error_of_one("loss={}").starts_with("/loss/type is missing; expected one of \"bce\", "));
}

TEST_CASE("classes of conditional layers are those of the data") {
  const std::string embedded = R"(generator=[{"type": "class_embedding", "classes": 3, "size": 2},
    {"type": "linear", "features": 784}, {"type": "reshape", "shape": [1, 28, 28]}, {"type": "tanh"}])";
  const std::string projected = R"(discriminator=[{"type": "flatten"}, {"type": "projection", "classes": 11}])";
  CHECK(error_of_one(embedded) == "/generator/0 class_embedding: has 3 classes; expected 10, as the data have");
  CHECK(error_of_one(projected) == "/discriminator/1 projection: has 11 classes; expected 10, as the data have");
  const Configuration conditional = read({embedded, "generator.0.classes=10", projected, "discriminator.1.classes=10"});
  CHECK(conditional.conditional());
  CHECK(conditional.generator->classes() == 10);
  CHECK_FALSE(read({}).conditional());
}

TEST_CASE("codes: read and refused") {
  const std::string codes =
      R"(codes={"categorical": 10, "continuous": 2, "head": [{"type": "linear", "features": 12}]})";
  const Configuration c = read({codes});
  CHECK(c.codes.size() == 12);
  CHECK(c.codes.weight == 1);
  REQUIRE(c.codes.head);
  CHECK(c.generator->parameters()[0]->shape() == Shape{784, 22});
  CHECK(c.codes.head->parameters()[0]->name() == "head.0.weight");
  CHECK(c.codes.head->parameters()[0]->shape() == Shape{12, 8});  // it sees what the last linear layer sees
  CHECK(read({codes, "codes.weight=0.5"}).codes.weight == 0.5);
  CHECK_FALSE(read({}).codes.head);
  CHECK_FALSE(read({}).resolved.contains("codes"));

  const std::string nothing =
      "/codes has nothing to find; expected \"categorical\" of 2 or more, \"continuous\" of 1 or more, or both";
  CHECK(error_of_one(R"(codes={"head": [{"type": "linear", "features": 12}]})") == nothing);
  CHECK(error_of_one(R"(codes={"categorical": 1, "head": [{"type": "linear", "features": 1}]})") == nothing);
  CHECK(error_of_one(R"(codes={"categorical": 3})").starts_with("/codes/head is missing; expected "));
  CHECK(error_of_one("codes.weight=0", {codes}) == "/codes/weight is 0; expected a number above 0");
  CHECK(error_of_one("codes.head.0.features=11", {codes})
            .ends_with("/codes/head/0 linear: the network ends in 11; expected 12, one number for each category and "
                       "each continuous code"));
  CHECK(
      error_after({codes, "game.order=simultaneous", "game.fakes=shared"})
          .ends_with("/codes are to be found while \"order\" is \"simultaneous\"; expected \"alternating\", since they "
                     "are learned in a step of the generator's own"));
}

TEST_CASE("pretraining: read and refused") {
  const Pretrain p = read({R"(pretrain={"steps": 20, "batch": 32, "noise": [1, 2], "keep": true})"}).pretrain;
  CHECK(p.steps == 20);
  CHECK(p.batch == 32);
  CHECK(p.noise_low == 1);
  CHECK(p.noise_high == 2);
  CHECK(p.keep);
  const Pretrain defaults = read({}).pretrain;
  CHECK(defaults.steps == 0);
  CHECK(defaults.batch == 64);
  CHECK(defaults.noise_low == -1);
  CHECK(defaults.noise_high == 1);
  CHECK_FALSE(defaults.keep);
  CHECK(read({"data.scale=[0,1]", "generator.2.type=sigmoid"}).pretrain.noise_low == 0);
  for (const std::string noise : {"[1,1]", "[2,1]", "[0]", "[0,1,2]", "3", "[0,\"1\"]"})
    CHECK(error_of_one("pretrain.noise=" + noise) ==
          "/pretrain/noise is " + noise + "; expected a list of two numbers, the lower one first");
  CHECK(error_of_one("pretrain.keep=1") == "/pretrain/keep is 1; expected true or false");
}

TEST_CASE("output: epochs are every so many, or listed") {
  const Output o = read({R"(output={"samples": {"rows": 4, "at_epochs": [1, 3]},
                            "accuracy": {"every_epochs": 2, "pictures": 150}, "generators": {"at_epochs": [10, 20, 50]},
                            "lines": "keras", "every_steps": 500})"})
                       .output;
  CHECK(o.samples.rows == 4);
  CHECK(o.accuracy.pictures == 150);
  CHECK(o.lines == Lines::keras);
  CHECK(o.every_steps == 500);
  const auto held = [](const EpochChoice& epochs) {
    std::string all;
    for (Index epoch = 1; epoch <= 60; ++epoch)
      if (epochs.holds(epoch)) all += std::to_string(epoch) + " ";
    return all;
  };
  CHECK(held(o.samples.epochs) == "1 3 ");
  CHECK(held(o.accuracy.epochs).starts_with("2 4 6 8 "));
  CHECK(held(o.generators) == "10 20 50 ");
  CHECK(held({.every = 25}) == "25 50 ");
  const Output defaults = read({}).output;
  CHECK(held(defaults.samples.epochs).starts_with("1 2 3 "));
  CHECK(held(defaults.accuracy.epochs) == "");
  CHECK(held(defaults.generators) == "");
  CHECK(held(read({"output.samples.every_epochs=0"}).output.samples.epochs) == "");

  for (const std::string part : {"samples", "accuracy", "generators"}) {
    CHECK(error_of_one("output." + part + R"(={"every_epochs": 2, "at_epochs": [1]})") ==
          "/output/" + part + " has both \"every_epochs\" and \"at_epochs\"; expected one of them");
    CHECK(error_of_one("output." + part + ".at_epochs=[0]") ==
          "/output/" + part + "/at_epochs is [0]; expected a list of 1 to 1000 integers from 1 to 1000000000");
    CHECK(error_of_one("output." + part + ".every_epochs=-1") ==
          "/output/" + part + "/every_epochs is -1; expected an integer from 0 to 1000000000");
  }
  CHECK(
      error_of_one("output.lines=kears") ==
      "/output/lines is \"kears\"; expected one of \"progress\", \"keras\", \"loss_a_and_b\"; did you mean \"keras\"?");
  CHECK(error_of_one("output.every_steps=0") == "/output/every_steps is 0; expected an integer from 1 to 1000000000");
}

TEST_CASE("the resolved configuration, read again, gives itself, with every key that there is") {
  const std::vector<std::string> games = {
      R"(game={"discriminator_step": "separate", "critic_steps": 3, "labels": {"real": 0.9, "noise": 0.05, "flip": 0.02},
               "instance_noise": {"deviation": 0.1, "steps": 200}})",
      R"(game={"fakes": "shared", "order": "simultaneous"})", "game={}"};
  const std::vector<std::string> rest = {
      R"(pretrain={"steps": 3, "noise": [1, 2], "keep": true})",
      R"(output={"samples": {"at_epochs": [1, 3]}, "accuracy": {"every_epochs": 2, "pictures": 7},
                 "generators": {"at_epochs": [2]}, "lines": "loss_a_and_b", "every_steps": 50})"};
  for (const std::string loss :
       {"bce_with_logits", "saturating", "least_squares", "hinge", "wasserstein", "wasserstein_gp", "r1"})
    for (const std::string& game : games)
      for (const bool coded : {false, true}) {
        std::vector<std::string> set = rest;
        set.push_back(game);
        set.push_back("loss=" + loss);
        if (coded)
          set.push_back(R"(codes={"categorical": 4, "weight": 0.3, "head": [{"type": "linear", "features": 4}]})");
        std::optional<Configuration> first;
        if (error_of([&] { first = read(set); }) != "no error") continue;  // they do not go together
        const JsonSource again("elsewhere/config.json", first->resolved.dump(2));
        CHECK(read_configuration(again, {{"synthetic_digits"}}).resolved.dump() == first->resolved.dump());
        CHECK(first->resolved["loss"]["type"] == loss);
        CHECK(first->resolved.contains("codes") == coded);
        CHECK(first->resolved["pretrain"]["noise"] == Json({1, 2}));
        CHECK(first->resolved["output"]["generators"].dump() == R"({"at_epochs":[2]})");
        CHECK(first->resolved["output"]["samples"]["at_epochs"] == Json({1, 3}));
      }
  const Json defaults = read({}).resolved;
  CHECK(defaults["game"].dump() ==
        R"({"discriminator_step":"summed","fakes":"fresh","order":"alternating","critic_steps":1,)"
        R"("labels":{"real":1,"fake":0,"noise":0,"flip":0},"instance_noise":{"deviation":0,"steps":0},"augment":[]})");
  CHECK(defaults["pretrain"].dump() == R"({"steps":0,"batch":64,"noise":[-1,1],"keep":false})");
  CHECK(defaults["output"].dump() ==
        R"({"samples":{"rows":5,"columns":5,"every_epochs":1,"scale":2,"colours":"grey","cells":"in_order"},)"
        R"("accuracy":{"every_epochs":0,"pictures":100},)"
        R"("generators":{"every_epochs":0},"lines":"progress","every_steps":1,"log_every_seconds":5})");
}

TEST_CASE("a loss and a data set of a user's own, in a configuration") {
  register_loss("tests_own", [](Options& options) -> GanLoss {
    const auto power = static_cast<Real>(options.real("power", 4, Range::above(1)));
    return {.of_discriminator =
                [=](Var score, const Tensor& targets) {
                  return mean(pow(abs(score - targets.reshaped(score.shape())), power));
                },
            .of_generator = [=](Var score) { return mean(pow(abs(score - 1), power)); },
            .belief = [](Var score) { return score; },
            .head = Head::score};
  });
  register_dataset("tests_own", [](Options& data) -> DataSource {
    const Index count = data.integer("pictures", 20, 1, 1000);
    return {.picture = {1, 28, 28}, .classes = 10, .load = [=](std::uint64_t seed) {
              return synthetic_digits(count, seed);
            }};
  });
  CHECK(error_of([] { register_loss("hinge", nullptr); }) ==
        "register_loss: got \"hinge\", which exists already; expected a new name");
  CHECK(error_of([] { register_loss("tests_own", nullptr); }) ==
        "register_loss: got \"tests_own\", which exists already; expected a new name");
  CHECK(error_of([] { register_dataset("mnist", nullptr); }) ==
        "register_dataset: got \"mnist\", which exists already; expected a new name");

  const std::vector<std::string> own = {R"(data={"source": "tests_own", "pictures": 30, "scale": [-1, 1]})",
                                        R"(loss={"type": "tests_own", "power": 2})"};
  Configuration c = read(own, {{"mnist"}});  // in any program
  CHECK(c.resolved["data"].dump() == R"({"source":"tests_own","pictures":30,"scale":[-1,1],"flips":false})");
  CHECK(c.resolved["loss"].dump() == R"({"type":"tests_own","power":2})");
  CHECK(read({own[0], "loss=tests_own"}).resolved["loss"].dump() == R"({"type":"tests_own","power":4})");
  CHECK(error_of_one("loss.power=1", own) == "/loss/power is 1; expected a number above 1");
  CHECK(error_of_one("data.pictures=0", own) == "/data/pictures is 0; expected an integer from 1 to 1000");
  CHECK(error_of_one("data.source=tests_one").ends_with("; did you mean \"tests_own\"?"));

  const Dataset dataset = c.data.from.load(3);
  CHECK(dataset.count() == 30);
  Session session(c, dataset);
  Configuration squares = read({own[0], "loss=least_squares"});
  Session session_of_squares(squares, dataset);
  // With a power of 2 it is twice the least squares; Adam takes no notice of that.
  CHECK(session.step().generator_loss == doctest::Approx(2 * session_of_squares.step().generator_loss).epsilon(1e-3));
}
