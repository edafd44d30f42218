#include "datasets/synthetic_digits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "autograd/error.hpp"
#include "autograd/kernels/parallel.hpp"
#include "datasets/digit_forms.hpp"

namespace tapestry {
namespace {

constexpr int side = 28;       // pixels
constexpr double box = 20;     // the longer side of a digit, as in MNIST
constexpr double middle = 14;  // its centre of mass

// How a hand bends a form: a displacement for each of 3 x 3 places, and what lies between moves accordingly. Strokes
// that meet still meet.
class Bend {
 public:
  explicit Bend(Chance& chance) {
    for (Point& displacement : displacements_) displacement = {chance.bell(0.1), chance.bell(0.08)};
  }

  Point operator()(Point p) const {
    const std::array<double, 3> across = weights(p.x), down = weights(p.y);
    for (int i = 0; i < 9; ++i) p = p + across[i % 3] * down[i / 3] * displacements_[i];
    return p;
  }

 private:
  // How much each of three places, 0, 1/2 and 1, counts at t: they sum to 1.
  static std::array<double, 3> weights(double t) {
    t = std::clamp(t, 0.0, 1.0);
    return {(1 - t) * (1 - t), 2 * t * (1 - t), t * t};
  }

  std::array<Point, 9> displacements_;
};

// Catmull and Rom, "A class of local interpolating splines", 1974: from b to c, coming from a and going on to d.
Point spline(Point a, Point b, Point c, Point d, double t) {
  return 0.5 * (2 * b + t * (c - a) + t * t * (2 * a - 5 * b + 4 * c - d) + t * t * t * (3 * b - a - 3 * c + d));
}

struct Line {
  Point from, to;
};
using Lines = std::vector<Line>;

// The curve through the points of a stroke as short lines.
void trace(const Stroke& stroke, Lines& lines) {
  constexpr int steps = 6;
  const int last = static_cast<int>(stroke.size()) - 1;
  Point at = stroke[0];
  for (int i = 0; i < last; ++i)
    for (int step = 1; step <= steps; ++step) {
      const Point next = spline(stroke[std::max(i - 1, 0)], stroke[i], stroke[i + 1], stroke[std::min(i + 2, last)],
                                step / double{steps});
      lines.push_back({at, next});
      at = next;
    }
}

// The form in one hand: bent, narrowed, slanted and turned.
Lines write(int digit, Chance& chance) {
  std::vector<Stroke> strokes = digit_form(digit, chance);
  const Bend bend(chance);
  const double width = chance.between(0.7, 1.1);
  const double slant = std::clamp(0.15 + chance.bell(0.22), -0.25, 0.7), turn = chance.bell(0.08);
  const double cosine = std::cos(turn), sine = std::sin(turn);
  Lines lines;
  for (Stroke& stroke : strokes) {
    for (Point& p : stroke) {
      p = bend(p) + Point{chance.bell(0.016), chance.bell(0.016)};
      p.x = width * p.x - slant * p.y;
      p = {cosine * p.x - sine * p.y, sine * p.x + cosine * p.y};
    }
    trace(stroke, lines);
  }
  return lines;
}

// Scaled so that the longer side has the given length, then moved so that the centre of mass lies at `centre`.
void place(Lines& lines, double length, Point centre) {
  Point low = lines[0].from, high = low, mass{0, 0};
  double ink = 0;
  for (const Line& line : lines) {
    low = {std::min(low.x, line.to.x), std::min(low.y, line.to.y)};
    high = {std::max(high.x, line.to.x), std::max(high.y, line.to.y)};
    const double weight = std::sqrt(dot(line.to - line.from, line.to - line.from));
    mass = mass + weight / 2 * (line.from + line.to);
    ink += weight;
  }
  mass = 1 / ink * mass;
  const double scale = length / std::max(high.x - low.x, high.y - low.y);
  for (Line& line : lines) line = {centre + scale * (line.from - mass), centre + scale * (line.to - mass)};
}

double squared_distance(Point p, const Line& line) {
  const Point along = line.to - line.from, to_p = p - line.from;
  const double t = std::clamp(dot(to_p, along) / std::max(dot(along, along), 1e-12), 0.0, 1.0);
  const Point away = to_p - t * along;
  return dot(away, away);
}

// A pixel is as bright as the pen is near: full inside, fading over the edge.
void ink(const Lines& lines, double radius, double edge, std::uint8_t* pixels) {
  const double reach = radius + edge / 2;
  std::array<double, side * side> squared;
  squared.fill(std::numeric_limits<double>::max());
  for (const Line& line : lines) {
    const auto [left, right] = std::minmax(line.from.x, line.to.x);
    const auto [top, bottom] = std::minmax(line.from.y, line.to.y);
    const int x_end = std::min(side, static_cast<int>(right + reach + 1));
    const int y_end = std::min(side, static_cast<int>(bottom + reach + 1));
    for (int y = std::max(0, static_cast<int>(top - reach)); y < y_end; ++y)
      for (int x = std::max(0, static_cast<int>(left - reach)); x < x_end; ++x) {
        double& nearest = squared[y * side + x];
        nearest = std::min(nearest, squared_distance({x + 0.5, y + 0.5}, line));
      }
  }
  for (int i = 0; i < side * side; ++i) {
    const double brightness = std::clamp((reach - std::sqrt(squared[i])) / edge, 0.0, 1.0);
    pixels[i] = static_cast<std::uint8_t>(255 * brightness + 0.5);
  }
}

void draw(int digit, Chance chance, std::uint8_t* pixels) {
  Lines lines = write(digit, chance);
  const double radius = std::clamp(1.3 + chance.bell(0.33), 0.7, 2.0), edge = chance.between(1.0, 1.4);
  const double length = (box - 2 * radius) * chance.between(0.92, 1.0);
  place(lines, length, {middle + chance.bell(0.3), middle + chance.bell(0.3)});
  ink(lines, radius, edge, pixels);
}

}  // namespace

Dataset synthetic_digits(Index count, std::uint64_t seed) {
  if (count < 1) fail("synthetic_digits: got a count of ", count, "; expected 1 or more");
  Dataset digits{"synthetic digits, seed " + std::to_string(seed), {1, side, side}, {}, {}, 10, {}, {}};
  digits.pixels.resize(count * side * side);
  digits.labels.resize(count);
  const Random random = Random(seed)("synthetic digits");
  const Random labels = random("labels"), strokes = random("strokes");
  kernels::parallel_for_blocks(count, 64, 50'000, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const auto label = static_cast<int>(labels.below(10, i));
      digits.labels[i] = static_cast<std::uint8_t>(label);
      draw(label, Chance(strokes, i), digits.pixels.data() + i * side * side);
    }
  });
  return digits;
}

}  // namespace tapestry
