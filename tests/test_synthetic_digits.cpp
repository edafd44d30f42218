// The built-in digits: the seed decides every pixel, and they are as bright and as varied as handwriting.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "autograd/error.hpp"
#include "datasets/synthetic_digits.hpp"
#include "tests/real_mnist.hpp"

using namespace tapestry;

namespace {
constexpr Index pixels = 28 * 28;

double ink(const Dataset& digits, Index i) {
  const auto begin = digits.pixels.begin() + i * pixels;
  return std::accumulate(begin, begin + pixels, 0.0) / 255 / pixels;
}

// The mean picture of each digit.
std::array<std::vector<double>, 10> mean_pictures(const Dataset& digits) {
  std::array<std::vector<double>, 10> means;
  std::array<double, 10> counts{};
  for (auto& mean : means) mean.resize(pixels);
  for (Index i = 0; i < digits.count(); ++i) {
    ++counts[digits.labels[i]];
    for (Index p = 0; p < pixels; ++p) means[digits.labels[i]][p] += digits.pixels[i * pixels + p];
  }
  for (int digit = 0; digit < 10; ++digit)
    for (double& value : means[digit]) value /= counts[digit];
  return means;
}

double squared_distance(const Dataset& digits, Index i, const std::vector<double>& mean) {
  double sum = 0;
  for (Index p = 0; p < pixels; ++p) sum += std::pow(digits.pixels[i * pixels + p] - mean[p], 2);
  return sum;
}

// How many of the pictures are nearest to the mean picture of their own label.
int named_right(const Dataset& digits, const std::array<std::vector<double>, 10>& means) {
  int right = 0;
  for (Index i = 0; i < digits.count(); ++i) {
    std::array<double, 10> distances;
    for (int digit = 0; digit < 10; ++digit) distances[digit] = squared_distance(digits, i, means[digit]);
    right += std::min_element(distances.begin(), distances.end()) - distances.begin() == digits.labels[i];
  }
  return right;
}
}  // namespace

TEST_CASE("the seed decides every pixel and label") {
  const Dataset digits = synthetic_digits(200, 7), again = synthetic_digits(200, 7), other = synthetic_digits(200, 8);
  CHECK(digits.pixels == again.pixels);
  CHECK(digits.labels == again.labels);
  CHECK(digits.pixels != other.pixels);
  CHECK(digits.labels != other.labels);
}

TEST_CASE("a picture does not depend on how many there are") {
  const Dataset many = synthetic_digits(200, 7), few = synthetic_digits(50, 7);
  CHECK(few.count() == 50);
  CHECK(few.pixels == part(many, 0, 50).pixels);
  CHECK(few.labels == part(many, 0, 50).labels);
}

TEST_CASE("pictures are 28x28, one channel, with labels 0 to 9 in equal shares") {
  const Dataset digits = synthetic_digits(5000, 1);
  CHECK(digits.name == "synthetic digits, seed 1");
  CHECK(digits.picture_shape == Shape{1, 28, 28});
  CHECK(digits.count() == 5000);
  CHECK(digits.labels.size() == 5000);
  CHECK(digits.classes == 10);
  std::array<int, 10> histogram{};
  for (const std::uint8_t label : digits.labels) ++histogram.at(label);
  for (const int count : histogram) CHECK(std::abs(count - 500) < 110);  // five standard deviations
}

TEST_CASE("every picture has ink enough to read, and not too much; white on black, within the frame") {
  const Dataset digits = synthetic_digits(2000, 1);
  double sum = 0;
  for (Index i = 0; i < digits.count(); ++i) {
    sum += ink(digits, i);
    CHECK(ink(digits, i) > 0.02);
    CHECK(ink(digits, i) < 0.35);
    const auto begin = digits.pixels.begin() + i * pixels;
    CHECK(*std::max_element(begin, begin + pixels) > 200);
    for (const Index corner : {0, 27, 27 * 28, 28 * 28 - 1}) CHECK(begin[corner] == 0);
  }
  CHECK(sum / 2000 == doctest::Approx(0.13).epsilon(0.1));  // MNIST has 0.1307
}

TEST_CASE("strokes have soft edges") {
  const Dataset digits = synthetic_digits(500, 1);
  const auto grey = [](std::uint8_t value) { return value > 0 && value < 255; };
  const auto share = std::count_if(digits.pixels.begin(), digits.pixels.end(), grey) / (500.0 * pixels);
  CHECK(share == doctest::Approx(0.12).epsilon(0.2));
}

TEST_CASE("digits are told apart by their pictures, and no two pictures are the same") {
  const Dataset seen = synthetic_digits(2000, 1), unseen = synthetic_digits(1000, 2);
  CHECK(named_right(unseen, mean_pictures(seen)) > 850);
  std::set<std::vector<std::uint8_t>> different;
  for (Index i = 0; i < unseen.count(); ++i) different.insert(part(unseen, i, 1).pixels);
  CHECK(different.size() == 1000);
}

TEST_CASE("a label names the digit that is drawn, as the real MNIST has it") {
  const auto folder = real_mnist();
  if (!folder) return;
  const Dataset real = load_mnist(*folder, Split::test), digits = synthetic_digits(1000, 1);
  CHECK(named_right(digits, mean_pictures(real)) > 700);  // of MNIST itself, 800 are
}

TEST_CASE("no pictures at all is an error") {
  CHECK_THROWS_WITH_AS(synthetic_digits(0, 1), "synthetic_digits: got a count of 0; expected 1 or more", Error);
}
