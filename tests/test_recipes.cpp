// The configurations that come with the project: each is read, has the parameters that it should have, and plays.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "apps/common/session.hpp"
#include "datasets/synthetic_digits.hpp"
#include "datasets/synthetic_shapes.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

const Trainer any_trainer{{"mnist", "synthetic_digits", "mnist_or_synthetic_digits", "idx", "cifar10",
                           "synthetic_shapes", "cifar10_or_synthetic_shapes", "pictures"}};

struct Size {  // of generator and discriminator
  std::string file;
  Index generator, generator_trainable, discriminator, discriminator_trainable;
};

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const fs::directory_entry& entry : fs::directory_iterator("apps/configs")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".json" && !name.starts_with("toy_")) all.push_back(name);
  }
  return all;
}

std::string path_of(const std::string& name) { return "apps/configs/" + name + ".json"; }

std::string error_of(const std::string& name) {
  try {
    read_configuration(JsonSource::from_file(path_of(name)), any_trainer);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("recipes: as many parameters as in the documents") {
  for (const Size& size : {Size{"cifar10_keras", 1'466'115, 1'466'115, 519'425, 519'425},
                           Size{"mnist_keras", 1'164'289, 1'164'289, 40'705, 40'705},
                           Size{"mnist_tf1", 865'281, 852'609, 6'637'058, 6'634'626},
                           Size{"mnist_tf2", 2'330'944, 2'305'472, 212'865, 212'865}}) {
    CAPTURE(size.file);
    const Configuration c = read_configuration(JsonSource::from_file(path_of(size.file)), any_trainer);
    CHECK(count_parameters(*c.generator).total() == size.generator);
    CHECK(count_parameters(*c.generator).trainable == size.generator_trainable);
    CHECK(count_parameters(*c.discriminator).total() == size.discriminator);
    CHECK(count_parameters(*c.discriminator).trainable == size.discriminator_trainable);
  }
}

TEST_CASE("recipes: lengths, batches and latents of the documents") {
  const auto read = [](const char* name) {
    return read_configuration(JsonSource::from_file(path_of(name)), any_trainer);
  };
  const Configuration s0 = read("cifar10_keras"), s2 = read("mnist_keras"), s3 = read("mnist_tf1"),
                      s4 = read("mnist_tf2");
  CHECK(*s0.training.epochs * *s0.training.steps_per_epoch == 200 * 390);
  CHECK(s0.training.batch == 64);
  CHECK(s0.training.generator_batch == 128);
  CHECK(s0.pretrain.steps == 20);
  CHECK(s0.pretrain.noise_low == -1);
  CHECK(*s2.training.epochs * *s2.training.steps_per_epoch == 50 * 234);
  CHECK(s2.training.generator_batch == 256);
  CHECK(s2.pretrain.steps == 100);
  CHECK(s2.pretrain.noise_low == 0);
  CHECK(*s3.training.steps == 10000);
  CHECK(s3.training.batches == BatchPolicy::shuffled_fill);
  CHECK(s3.latent.distribution == Distribution::uniform);
  CHECK(*s4.training.epochs == 50);
  CHECK(s4.training.batch == 256);
  CHECK(s4.game.order == Order::simultaneous);
}

TEST_CASE("recipes: what is printed with a defect") {
  const Configuration noise =
      read_configuration(JsonSource::from_file(path_of("cifar10_keras_as_printed")), any_trainer);
  CHECK(noise.pretrain.noise_low == 1);
  CHECK(noise.pretrain.noise_high == 2);
  CHECK(noise.output.samples.cells == Cells::products);
  // Strides of 3 lead from 7 to 21 and 63, and never to 28.
  CHECK(error_of("mnist_tf1_as_printed").find("the network ends in 1 x 63 x 63; expected 1 x 28 x 28") !=
        std::string::npos);
}

TEST_CASE("recipes: every configuration plays two steps") {
  const Dataset digits = synthetic_digits(64, 1), shapes = synthetic_shapes(64, 1);
  for (const std::string& name : names()) {
    if (name == "mnist_tf1_as_printed") continue;
    CAPTURE(name);
    JsonSource source = JsonSource::from_file(path_of(name));
    for (const char* key : {"batch", "generator_batch"}) source.set("/training", key, "4", "test");
    Configuration c = read_configuration(source, any_trainer);
    Session session(c, c.data.from.picture[0] == 1 ? digits : shapes);
    for (int i = 0; i < 2; ++i) {
      const StepResult result = session.step();
      CHECK(std::isfinite(result.discriminator_loss));
      CHECK(std::isfinite(result.generator_loss));
      CHECK(std::isfinite(result.code_loss));
    }
    const Tensor samples = session.samples(3);
    CHECK(samples.shape() == Shape{3, c.data.from.picture[0], c.data.from.picture[1], c.data.from.picture[2]});
  }
}
