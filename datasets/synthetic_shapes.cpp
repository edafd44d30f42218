#include "datasets/synthetic_shapes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "autograd/error.hpp"
#include "autograd/kernels/parallel.hpp"
#include "datasets/shape_forms.hpp"

namespace tapestry {
namespace {

constexpr int side = 32;       // pixels
constexpr double middle = 16;  // of the picture

using Colour = std::array<double, 3>;  // red, green, blue, 0 to 1

Colour mix(const Colour& a, const Colour& b, double share_of_b) {
  return {a[0] + share_of_b * (b[0] - a[0]), a[1] + share_of_b * (b[1] - a[1]), a[2] + share_of_b * (b[2] - a[2])};
}

Colour scaled(const Colour& colour, double factor) {
  return {factor * colour[0], factor * colour[1], factor * colour[2]};
}

// Hue in turns (0 red, 1/3 green, 2/3 blue), saturation and value: Smith, "Color gamut transform pairs", 1978.
Colour from_hue(double hue, double saturation, double value) {
  Colour colour;
  for (int c = 0; c < 3; ++c) {
    const double sixth = std::fmod(5 - 2 * c + 6 * hue, 6);
    colour[c] = value * (1 - saturation * std::clamp(std::min(sixth, 4 - sixth), 0.0, 1.0));
  }
  return colour;
}

Point direction(double turns) {
  return {std::cos(2 * std::numbers::pi * turns), std::sin(2 * std::numbers::pi * turns)};
}

// One colour that passes into another across the picture, and in every other picture waves.
class Background {
 public:
  Background(double hue, Chance& chance)
      : from_(from_hue(hue, chance.between(0.2, 0.6), chance.between(0.3, 0.9))),
        to_(from_hue(hue + chance.between(0, 0.15), chance.between(0.2, 0.6), chance.between(0.3, 0.9))),
        across_(direction(chance.between(0, 1))),
        waves_(chance.between(0.3, 1) * direction(chance.between(0, 1))),
        phase_(chance.between(0, 2 * std::numbers::pi)),
        height_(chance.happens(0.5) ? chance.between(0.05, 0.15) : 0) {}

  Colour at(Point p) const {
    const double along = dot(p - Point{middle, middle}, across_) / side;  // -0.7 to 0.7
    return scaled(mix(from_, to_, std::clamp(0.5 + along, 0.0, 1.0)), 1 + height_ * std::sin(dot(p, waves_) + phase_));
  }

 private:
  Colour from_, to_;
  Point across_, waves_;
  double phase_, height_;
};

// A form in its place: bright on the side of the light, dark on the other, with a soft shadow behind it.
class Figure {
 public:
  Figure(int shape, double hue, Chance& chance)
      : form_(shape_form(shape, chance)),
        colour_(from_hue(hue, chance.between(0.65, 1), chance.between(0.8, 1))),
        radius_(chance.between(8, 12.5)),
        centre_{middle + chance.between(-1, 1) * (middle - radius_ - 1),
                middle + chance.between(-1, 1) * (middle - radius_ - 1)},
        turn_(direction(chance.between(-0.08, 0.08))),
        light_(direction(chance.between(0.5, 1))),  // from above
        depth_(chance.between(0.15, 0.35)) {}

  Colour over(const Colour& background, Point p) const {
    const Colour shaded = scaled(background, 1 - 0.5 * coverage(p + 2 * light_, 5));
    const double brightness = 1 + depth_ * dot(p - centre_, light_) / radius_;
    return mix(shaded, scaled(colour_, brightness), coverage(p, 1.2));
  }

 private:
  // 1 inside, 0 outside, and between them over so many pixels.
  double coverage(Point p, double edge) const {
    const Point q = 1 / radius_ * (p - centre_);
    if (dot(q, q) > 2) return 0;
    const Point upright = {dot(q, turn_), turn_.x * q.y - turn_.y * q.x};
    return std::clamp(0.5 - radius_ * form_(upright) / edge, 0.0, 1.0);
  }

  Distance form_;
  Colour colour_;
  double radius_;
  Point centre_, turn_, light_;
  double depth_;
};

void draw(int shape, Chance chance, std::uint8_t* pixels) {
  const double hue = chance.between(0, 1);
  const Background background(hue + chance.between(0.3, 0.6), chance);
  const Figure figure(shape, hue, chance);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const Point p = {x + 0.5, y + 0.5};
      const Colour colour = figure.over(background.at(p), p);
      for (int c = 0; c < 3; ++c)
        pixels[(c * side + y) * side + x] = static_cast<std::uint8_t>(255 * std::clamp(colour[c], 0.0, 1.0) + 0.5);
    }
}

}  // namespace

Dataset synthetic_shapes(Index count, std::uint64_t seed) {
  if (count < 1) fail("synthetic_shapes: got a count of ", count, "; expected 1 or more");
  Dataset shapes{"synthetic shapes, seed " + std::to_string(seed), {3, side, side}, {}, {}, 10, {}, {}};
  shapes.class_names.assign(shape_names.begin(), shape_names.end());
  shapes.pixels.resize(count * shapes.picture_shape.size());
  shapes.labels.resize(count);
  const Random random = Random(seed)("synthetic shapes");
  const Random labels = random("labels"), pictures = random("pictures");
  kernels::parallel_for_blocks(count, 64, 50'000, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const auto label = static_cast<int>(labels.below(10, i));
      shapes.labels[i] = static_cast<std::uint8_t>(label);
      draw(label, Chance(pictures, i), shapes.pixels.data() + i * shapes.picture_shape.size());
    }
  });
  return shapes;
}

}  // namespace tapestry
