#include "datasets/shape_forms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "autograd/error.hpp"

namespace tapestry {
namespace {

using Outline = std::vector<Point>;  // corners, one after another all around

double length(Point p) { return std::sqrt(dot(p, p)); }

Point on_circle(double radius, double turns) {  // from the top, clockwise
  const double angle = 2 * std::numbers::pi * turns;
  return {radius * std::sin(angle), -radius * std::cos(angle)};
}

// To the nearest side; inside is where a ray to the right crosses an odd number of sides.
double distance_to(const Outline& outline, Point p) {
  double squared = std::numeric_limits<double>::max();
  bool inside = false;
  Point a = outline.back();
  for (const Point b : outline) {
    const Point along = b - a, to_p = p - a;
    const Point away = to_p - std::clamp(dot(to_p, along) / dot(along, along), 0.0, 1.0) * along;
    squared = std::min(squared, dot(away, away));
    if ((a.y > p.y) != (b.y > p.y) && to_p.x < along.x * to_p.y / along.y) inside = !inside;
    a = b;
  }
  return inside ? -std::sqrt(squared) : std::sqrt(squared);
}

Distance polygon(Outline outline) {
  return [outline = std::move(outline)](Point p) { return distance_to(outline, p); };
}

// The right half, from top to bottom, and its mirror image.
Distance symmetric_polygon(Outline right) {
  for (auto corner = static_cast<int>(right.size()) - 1; corner >= 0; --corner)
    right.push_back({-right[corner].x, right[corner].y});
  return polygon(std::move(right));
}

Distance circle(Chance&) {
  return [](Point p) { return length(p) - 0.95; };
}

Distance ring(Chance& chance) {
  const double width = chance.between(0.3, 0.5);
  return [=](Point p) { return std::abs(length(p) - 1 + width / 2) - width / 2; };
}

// A circle without another one that lies to its right.
Distance moon(Chance& chance) {
  const double shift = chance.between(0.4, 0.6);
  return [=](Point p) { return std::max(length(p) - 1, 0.8 - length(p - Point{shift, 0})); };
}

Distance triangle(Chance& chance) {
  const double top = chance.between(-1, -0.85), foot = chance.between(0.7, 0.8);
  return polygon({{0, top}, {foot, 0.6}, {-foot, 0.6}});
}

Distance square(Chance& chance) {
  const double half = chance.between(0.6, 0.7);
  return polygon({{half, -half}, {half, half}, {-half, half}, {-half, -half}});
}

Distance star(Chance& chance) {
  const double notch = chance.between(0.4, 0.5);
  Outline outline;
  for (int i = 0; i < 10; ++i) outline.push_back(on_circle(i % 2 ? notch : 1, i / 10.0));
  return polygon(std::move(outline));
}

Distance cross(Chance& chance) {
  const double arm = chance.between(0.22, 0.34), end = 0.94;
  return symmetric_polygon({{arm, -end}, {arm, -arm}, {end, -arm}, {end, arm}, {arm, arm}, {arm, end}});
}

// Five or six round petals about a round middle: the petal that is nearest to a point is the one in its sector.
Distance flower(Chance& chance) {
  const double sector = 2 * std::numbers::pi / (chance.happens(0.5) ? 5 : 6), petal = chance.between(0.34, 0.4);
  return [=](Point p) {
    const double radius = length(p), angle = std::atan2(p.x, p.y), turned = angle - sector * std::round(angle / sector);
    const Point in_sector = {radius * std::sin(turned), radius * std::cos(turned)};
    return std::min(length(in_sector - Point{0, 1 - petal}) - petal, radius - 0.5);
  };
}

// A square that stands on its corner, and a half circle on each of its upper sides.
Distance heart(Chance& chance) {
  const double half = chance.between(0.7, 0.8), low = 0.15;  // half a diagonal of the square, and how low its middle is
  const double radius = half / std::numbers::sqrt2;
  const Distance square = polygon({{0, low - half}, {half, low}, {0, low + half}, {-half, low}});
  return [=](Point p) {
    const Point lobe = {half / 2, low - half / 2};
    return std::min(square(p), length(Point{std::abs(p.x), p.y} - lobe) - radius);
  };
}

Distance arrow(Chance& chance) {
  const double head = chance.between(0.65, 0.8), shaft = chance.between(0.2, 0.3), neck = chance.between(-0.15, 0.05);
  return symmetric_polygon({{0, -1}, {head, neck}, {shaft, neck}, {shaft, 0.95}});
}

}  // namespace

Distance shape_form(int shape, Chance& chance) {
  constexpr Distance (*forms[])(Chance&) = {circle, ring, moon, triangle, square, star, cross, flower, heart, arrow};
  if (shape < 0 || shape > 9) fail("shape_form: got ", shape, "; expected 0 to 9");
  return forms[shape](chance);
}

}  // namespace tapestry
