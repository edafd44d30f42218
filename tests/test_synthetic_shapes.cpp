// The built-in shapes: the seed decides every pixel, and what a picture shows is what its label says.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>

#include "autograd/error.hpp"
#include "autograd/machine.hpp"
#include "datasets/shape_forms.hpp"
#include "datasets/synthetic_shapes.hpp"

using namespace tapestry;

namespace {

double length(Point p) { return std::sqrt(dot(p, p)); }

Distance form(const std::string& name, Index picture) {
  const auto place = std::find(shape_names.begin(), shape_names.end(), name);
  REQUIRE(place != shape_names.end());
  Chance chance(Random(3), picture);
  return shape_form(static_cast<int>(place - shape_names.begin()), chance);
}

bool inside(const std::string& name, Point p) {
  int votes = 0;
  for (Index picture = 0; picture < 20; ++picture) votes += form(name, picture)(p) < 0;
  REQUIRE((votes == 0 || votes == 20));
  return votes > 0;
}

// A set of points, moved and scaled so that its middle is 0 and its mean squared distance from there 1.
struct Blob {
  Point middle{0, 0};
  double radius = 0;
  explicit Blob(const std::vector<Point>& points) {
    for (const Point p : points) middle = middle + 1.0 / points.size() * p;
    for (const Point p : points) radius += dot(p - middle, p - middle) / points.size();
    radius = std::sqrt(radius);
  }
};

// The pixels whose colour is farther than half way from that of the picture's border.
std::vector<Point> figure(const Dataset& shapes, Index picture) {
  const auto at = [&](int c, int y, int x) { return double(shapes.pixels[((picture * 3 + c) * 32 + y) * 32 + x]); };
  std::array<double, 1024> difference{};
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x)
      for (int c = 0; c < 3; ++c) {
        // The background at (y, x), between its colours at the ends of the row and of the column.
        const double row = at(c, y, 0) + (at(c, y, 31) - at(c, y, 0)) * x / 31;
        const double column = at(c, 0, x) + (at(c, 31, x) - at(c, 0, x)) * y / 31;
        difference[y * 32 + x] += std::pow(at(c, y, x) - (row + column) / 2, 2);
      }
  const double most = *std::max_element(difference.begin(), difference.end());
  std::vector<Point> points;
  for (int i = 0; i < 1024; ++i)
    if (difference[i] > most / 4) points.push_back({i % 32 + 0.5, i / 32 + 0.5});
  return points;
}

// What share of the two sets together lies in both, the form turned so as to fit best.
double agreement(const std::vector<Point>& points, const Distance& form) {
  std::vector<Point> filled;
  for (double y = -1; y <= 1; y += 0.08)
    for (double x = -1; x <= 1; x += 0.08)
      if (form({x, y}) < 0) filled.push_back({x, y});
  const Blob seen(points), drawn(filled);
  std::set<std::pair<double, double>> marked;
  for (const Point p : points) marked.insert({p.x, p.y});
  double best = 0;
  for (double angle = -0.5; angle <= 0.5; angle += 0.125) {
    int both = 0, either = 0;
    for (double y = 0.5; y < 32; ++y)
      for (double x = 0.5; x < 32; ++x) {
        const Point p = drawn.radius / seen.radius * (Point{x, y} - seen.middle);
        const Point turned = {std::cos(angle) * p.x + std::sin(angle) * p.y,
                              std::cos(angle) * p.y - std::sin(angle) * p.x};
        const bool in_form = form(turned + drawn.middle)<0, in_picture = marked.count({x, y})> 0;
        both += in_form && in_picture;
        either += in_form || in_picture;
      }
    best = std::max(best, double(both) / either);
  }
  return best;
}

}  // namespace

TEST_CASE("each name has its form") {
  for (const char* name : {"circle", "triangle", "square", "star", "cross", "flower", "heart", "arrow"})
    CHECK(inside(name, {0, 0.1}));
  CHECK_FALSE(inside("ring", {0, 0.1}));
  CHECK(inside("ring", {0, 0.9}));
  CHECK(inside("moon", {-0.9, 0}));
  CHECK_FALSE(inside("moon", {0.9, 0}));
  CHECK(inside("circle", {0.6, 0.6}));
  CHECK(inside("square", {0.55, -0.55}));
  CHECK_FALSE(inside("square", {0, 0.8}));
  CHECK(inside("triangle", {0.6, 0.55}));
  CHECK_FALSE(inside("triangle", {0.6, -0.55}));
  CHECK(inside("cross", {0, 0.9}));
  CHECK(inside("cross", {-0.9, 0}));
  CHECK_FALSE(inside("cross", {0.5, 0.5}));
  CHECK(inside("star", {0, -0.9}));
  CHECK_FALSE(inside("star", {0, 0.6}));
  CHECK(inside("flower", {0, 0.9}));
  CHECK(inside("heart", {0.5, -0.4}));
  CHECK_FALSE(inside("heart", {0, -0.7}));
  CHECK(inside("heart", {0, 0.8}));
  CHECK(inside("arrow", {0, -0.9}));
  CHECK(inside("arrow", {0, 0.9}));
  CHECK_FALSE(inside("arrow", {0.5, 0.5}));
  Chance chance(Random(3), 0);
  CHECK_THROWS_WITH_AS(shape_form(10, chance), "shape_form: got 10; expected 0 to 9", Error);
}

TEST_CASE("forms stay within the circle of radius 1, and no distance changes faster than the way walked") {
  const Random random = Random(5)("walks");
  for (const char* name : shape_names)
    for (Index i = 0; i < 200; ++i) {
      const auto number = [&](Index k) { return 3 * random.uniform(i, k) - 1.5; };
      const Distance distance = form(name, i);
      const Point p = {number(0), number(1)}, q = {p.x + 0.01 * number(2), p.y + 0.01 * number(3)};
      INFO(name, " at ", p.x, ", ", p.y);
      if (length(p) > 1) CHECK(distance(p) > 0);
      CHECK(std::abs(distance(p) - distance(q)) <= 1.0001 * length(p - q));
    }
}

TEST_CASE("the seed decides every pixel and label, on any number of threads") {
  const Dataset shapes = synthetic_shapes(200, 7), other = synthetic_shapes(200, 8);
  for (const int count : {1, 3}) {
    use_threads(count);
    const Dataset again = synthetic_shapes(200, 7);
    CHECK(shapes.pixels == again.pixels);
    CHECK(shapes.labels == again.labels);
  }
  use_threads(0);
  CHECK(shapes.pixels != other.pixels);
  CHECK(shapes.labels != other.labels);
}

TEST_CASE("a shape does not depend on how many there are") {
  const Dataset many = synthetic_shapes(200, 7), few = synthetic_shapes(50, 7);
  CHECK(few.pixels == part(many, 0, 50).pixels);
  CHECK(few.labels == part(many, 0, 50).labels);
}

TEST_CASE("shapes are 32x32 in three channels, with labels 0 to 9 in equal shares, named, and no two the same") {
  const Dataset shapes = synthetic_shapes(2000, 1);
  CHECK(shapes.name == "synthetic shapes, seed 1");
  CHECK(shapes.picture_shape == Shape{3, 32, 32});
  CHECK(shapes.count() == 2000);
  CHECK(shapes.classes == 10);
  CHECK(shapes.class_names[0] == "circle");
  CHECK(shapes.class_names[9] == "arrow");
  std::array<int, 10> histogram{};
  for (const std::uint8_t label : shapes.labels) ++histogram.at(label);
  for (const int count : histogram) CHECK(std::abs(count - 200) < 70);  // five standard deviations
  std::set<std::vector<std::uint8_t>> different;
  for (Index i = 0; i < 2000; ++i) different.insert(part(shapes, i, 1).pixels);
  CHECK(different.size() == 2000);
}

TEST_CASE("colours are as many as there are, in every channel") {
  const Dataset shapes = synthetic_shapes(1000, 1);
  for (Index c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (Index i = 0; i < 1000; ++i)
      for (Index p = 0; p < 1024; ++p) {
        const double value = shapes.pixels[(i * 3 + c) * 1024 + p];
        sum += value, squares += value * value;
      }
    const double mean = sum / 1'024'000, deviation = std::sqrt(squares / 1'024'000 - mean * mean);
    CHECK(mean == doctest::Approx(115).epsilon(0.1));
    CHECK(deviation > 50);
  }
}

TEST_CASE("a picture shows the shape that its label names") {
  const Dataset shapes = synthetic_shapes(100, 1);
  int right = 0;
  for (Index i = 0; i < 100; ++i) {
    const std::vector<Point> points = figure(shapes, i);
    std::array<double, 10> fits;
    for (int shape = 0; shape < 10; ++shape) fits[shape] = agreement(points, form(shape_names[shape], 0));
    right += std::max_element(fits.begin(), fits.end()) - fits.begin() == shapes.labels[i];
  }
  CHECK(right > 85);
}

TEST_CASE("no shapes at all is an error") {
  CHECK_THROWS_WITH_AS(synthetic_shapes(0, 1), "synthetic_shapes: got a count of 0; expected 1 or more", Error);
}
