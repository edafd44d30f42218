// The toy GAN: its points, its pictures, and that one configuration collapses where another does not.
#include <cmath>
#include <limits>
#include <sstream>

#include "apps/common/toy_picture.hpp"
#include "apps/common/toy_points.hpp"
#include "tests/program.hpp"

using namespace tapestry;

namespace {

PointCloud cloud(const std::string& data) {
  const JsonSource source("c.json", "{\"data\": " + data + "}");
  Problems problems;
  Json resolved;
  Options root({source, problems, resolved});
  PointCloud cloud = read_point_cloud(root.object("data"));
  problems.raise();
  return cloud;
}
PointCloud eight() { return cloud(R"({"source": "eight_gaussians"})"); }

// So many points exactly on each of these centres.
Tensor on(const PointCloud& cloud, const std::vector<std::pair<std::size_t, int>>& centres_and_counts) {
  std::vector<Real> numbers;
  for (const auto& [centre, count] : centres_and_counts)
    for (int i = 0; i < count; ++i)
      for (const double number : {cloud.centres[centre].x, cloud.centres[centre].y})
        numbers.push_back(static_cast<Real>(number));
  const Index count = static_cast<Index>(numbers.size()) / 2;
  return Tensor({count, 2}, std::move(numbers));
}

const std::string configs = std::filesystem::absolute("apps/configs").string() + "/";

Ending train(const std::string& configuration, const Words& more) {
  const TemporaryFolder folder;
  Words words{configs + configuration, "--out", "run"};
  words.insert(words.end(), more.begin(), more.end());
  const Ending ending = run_program("toy_gan", words, folder);
  INFO(ending.err);
  CHECK(ending.code() == exit_done);
  return ending;
}

// "covers 8 of 8 modes; 96.4 % of ..."
Coverage said(const Ending& ending) {
  const std::size_t at = ending.out.find("\ncovers ");
  REQUIRE(at != std::string::npos);
  long covered = 0;
  double percent = 0;
  REQUIRE(std::sscanf(ending.out.c_str() + at, "\ncovers %ld of 8 modes; %lf %%", &covered, &percent) == 2);
  return {covered, percent / 100};
}

// One error for each of these changes of toy_cured.json.
void check_refused(const std::vector<std::pair<std::string, std::string>>& settings_and_errors) {
  const TemporaryFolder folder;
  for (const auto& [setting, error] : settings_and_errors) {
    const Ending ending =
        run_program("toy_gan", {configs + "toy_cured.json", "--out", "run", "--set", setting}, folder);
    CHECK(ending.code() == exit_wrong_configuration);
    CHECK_MESSAGE(ending.err.ends_with(error + "\n"), ending.err);
    CHECK(folder.files() == 0);
  }
}

Colour pixel(const Picture& picture, Index x, Index y) {
  const std::uint8_t* const at = &picture.pixels[static_cast<std::size_t>(3 * (y * picture.width + x))];
  return {at[0], at[1], at[2]};
}
bool is_blue(const Colour& c) { return c[2] > c[0] + 20; }
bool is_orange(const Colour& c) { return c[0] > c[2] + 20; }

}  // namespace

TEST_CASE("toy: points lie around their centres, and point i is the same among any number") {
  for (const char* source : {"eight_gaussians", "ring", "spiral"}) {
    CAPTURE(source);
    const PointCloud points = cloud(std::string("{\"source\": \"") + source + "\", \"deviation\": 0.03}");
    const Tensor many = points.draw(4000, Random(3)), few = points.draw(7, Random(3));
    for (Index i = 0; i < few.size(); ++i) CHECK(few[i] == many[i]);
    const Coverage all = coverage(points, many);
    CHECK(all.covered == 8);
    // Of points with normal noise in two directions exp(-9 / 2) lie beyond three deviations; a curve may be nearer.
    const double expected = 1 - std::exp(-4.5), error = std::sqrt(expected * (1 - expected) / 4000);
    CHECK(all.good > expected - 4 * error);
    if (points.centres.size() == 8) CHECK(all.good < expected + 4 * error);
    double squares = 0;
    for (Index n = 0; n < 4000; ++n) squares += many[2 * n] * many[2 * n] + many[2 * n + 1] * many[2 * n + 1];
    if (points.name != "a spiral")
      CHECK(squares / 4000 == doctest::Approx(0.75 * 0.75 + 2 * 0.03 * 0.03).epsilon(0.01));
  }
}

TEST_CASE("toy: coverage, by hand") {
  const PointCloud points = eight();
  const auto check = [&](const Tensor& x, Index covered, double good) {
    const Coverage found = coverage(points, x);
    CHECK(found.covered == covered);
    CHECK(found.good == doctest::Approx(good));
  };
  check(on(points, {{2, 50}}), 1, 1);
  check(on(points, {{0, 10}, {1, 10}, {2, 10}, {3, 10}, {4, 10}, {5, 10}, {6, 10}, {7, 10}}), 8, 1);
  check(on(points, {{0, 99}, {5, 1}}), 1, 1);  // due to each are 12.5: a single one covers nothing
  check(on(points, {{0, 98}, {5, 2}}), 2, 1);
  const Real nan = std::numeric_limits<Real>::quiet_NaN(), edge = Real(0.75) + 3 * Real(0.02);
  check(Tensor({2, 2}, {nan, 0, 0, nan}), 0, 0);
  check(Tensor({2, 2}, {edge - Real(0.001), 0, edge + Real(0.001), 0}), 1, 0.5);
}

TEST_CASE("toy: a picture is blue where the discriminator believes, orange where not, with a line between") {
  constexpr Index side = 21, size = 440;
  Tensor belief({side * side}, 0);
  for (Index i = 0; i < side * side; ++i) belief.writable()[i] = Real(i % side) / (side - 1);  // 0 left, 1 right
  const Tensor real({1, 2}, {-1, 0}), fake({1, 2}, {1, Real(0.5)});
  const Picture picture = toy_picture({.side = side, .belief = belief}, real, fake, 7, size);
  CHECK(picture.width == size);
  CHECK(picture.height == size);
  CHECK(is_orange(pixel(picture, 60, 400)));
  CHECK(is_blue(pixel(picture, 380, 40)));
  CHECK(pixel(picture, 220, 120)[0] < 140);    // the line at one half
  CHECK(is_blue(pixel(picture, 20, 220)));     // a real point on orange, x = -1, y = 0
  CHECK(is_orange(pixel(picture, 420, 320)));  // a fake on blue, x = 1, y = 0.5: y goes down
  CHECK(toy_picture({.side = side, .belief = belief}, real, fake, 8, size).pixels != picture.pixels);  // the number

  const Tensor places = Field::places(3);
  CHECK(places.numbers()[4] == doctest::Approx(toy_extent));
  CHECK(places.numbers()[5] == doctest::Approx(-toy_extent));

  const Picture overview = toy_overview(std::vector<Picture>(30, picture));
  CHECK(overview.width == 4 * size + 3 * 4);
  CHECK(overview.height == 3 * size + 2 * 4);
  CHECK(pixel(overview, 20, 220) == pixel(picture, 20, 220));
  CHECK(pixel(overview, 3 * (size + 4) + 20, 2 * (size + 4) + 220) == pixel(picture, 20, 220));
}

TEST_CASE("toy: one configuration collapses, and one line cures it") {
  Json collapse = Json::parse(read_file(configs + "toy_collapse.json"));
  const Json cured = Json::parse(read_file(configs + "toy_cured.json"));
  CHECK(collapse != cured);
  collapse["loss"] = cured["loss"];
  CHECK(collapse == cured);

  const Words seed{"--seed", "6"};  // one of those that show it in float and in double
  // With a quicker discriminator both endings are clear, whatever the rounding.
  const Words quicker = {"--set", "optimizers.generator.learning_rate=0.001", "--set",
                         "optimizers.discriminator.learning_rate=0.005"};
  const Coverage collapsed = said(train("toy_collapse.json", quicker));
  CHECK(collapsed.covered >= 1);
  CHECK(collapsed.covered <= 3);
  const Coverage found = said(train("toy_cured.json", quicker));
  CHECK(found.covered >= 6);
  CHECK(found.good > 0.1);
}

TEST_CASE("toy: the seed determines every byte, on any number of threads; an old run is replaced whole") {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& out, const Words& more, const char* steps = "3") {
    Words words{configs + "toy_spiral.json", "--steps", steps, "--set", "output.every_steps=2", "--set",
                "output.size=120",           "--out",   out};
    words.insert(words.end(), more.begin(), more.end());
    REQUIRE(run_program("toy_gan", words, folder).code() == exit_done);
    Files files = files_below(folder / out);
    for (const char* name : {"run.json", "config.json"}) REQUIRE(files.erase(name) == 1);
    return files;
  };
  const Files first = run("run", {"--threads", "1"});
  CHECK(first.size() == 7);  // metrics.csv, samples, in there steps 0, 2 and 3, steps.png, steps-animated.png
  CHECK(first.contains("samples/step-000003.png"));
  CHECK(count_lines(first.at("metrics.csv")) == 3);
  for (const char* threads : {"2", "3"}) CHECK((run(std::string("run") + threads, {"--threads", threads}) == first));
  CHECK((run("other", {"--seed", "2"}) != first));
  run("run", {"--overwrite"}, "2");
  CHECK_FALSE(std::filesystem::exists(folder / "run/samples/step-000003.png"));
  CHECK(std::filesystem::exists(folder / "run/samples/step-000002.png"));
}

TEST_CASE("toy: every loss and the other clouds train; scores are called so") {
  for (const char* loss : {"saturating", "least_squares", "hinge", "wasserstein", "wasserstein_gp", "r1", "softmax"})
    CHECK(train("toy_ring.json",
                {"--steps", "2", "--set", std::string("loss=") + loss, "--set",
                 std::string("discriminator.4.features=") + (loss == std::string("softmax") ? "2" : "1")})
              .out.find(std::string(loss).find("wasserstein") == 0 ? "score(x)" : "(x)") != std::string::npos);
}

TEST_CASE("toy: wrong configurations") {
  check_refused({
      {"data.source=moons", "/data/source is \"moons\"; expected one of \"eight_gaussians\", \"ring\", \"spiral\""},
      {"data.deviation=0.5", "/data/deviation is 0.5; expected a number from 0.001 to 0.08"},
      {"training.epochs=3",
       "/training/epochs is not a known key; expected one of \"steps\", \"batch\", \"generator_batch\", \"seed\", "
       "\"threads\""},
      {"generator.4.features=3", "/generator/4 linear: the network ends in 3; expected 2, as the data are"},
      {"discriminator.4.features=2",
       "/discriminator/4 linear: the network ends in 2; expected 1, one number that says how real its input is"},
      {"generator.0={\"type\":\"class_embedding\",\"classes\":8,\"size\":4}",
       "/generator/0 class_embedding: asks for the class of a point; expected a layer without one, since points have "
       "none"},
      {"game.augment=[\"cutout\"]",
       "/game/augment changes pictures; expected none of it, since points are no pictures"},
      {"discriminator.1={\"type\":\"batch_norm\"}",
       "/discriminator/1 is a batch_norm; expected none in a discriminator whose \"loss\" has a gradient penalty, "
       "since "
       "the verdict on a picture would depend on the others of its batch; leave it out, or take a layer_norm"},
  });
}
