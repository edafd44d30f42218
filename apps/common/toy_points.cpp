#include "apps/common/toy_points.hpp"

#include <cmath>
#include <numbers>

namespace tapestry {
namespace {

constexpr double radius = 0.75;
constexpr Index centres_of_a_curve = 512;

// The place at t, 0 to 1, of a curve that goes round so many times while its distance from the middle grows.
Point winding(double t, double turns, double from) {
  const double angle = 2 * std::numbers::pi * turns * t, distance = from + (radius - from) * t;
  return {distance * std::cos(angle), distance * std::sin(angle)};
}

std::vector<Point> row(Index count, double turns, double from) {
  std::vector<Point> centres;
  for (Index i = 0; i < count; ++i)
    centres.push_back(winding(static_cast<double>(i) / static_cast<double>(count), turns, from));
  return centres;
}

}  // namespace

Tensor PointCloud::draw(Index count, Random random) const {
  Tensor points = random("noise").normal({count, 2}, 0, static_cast<Real>(deviation));
  Real* const p = points.writable();
  for (Index n = 0; n < count; ++n) {
    const Point& centre = centres[random("centres").below(static_cast<Index>(centres.size()), n)];
    p[2 * n] += static_cast<Real>(centre.x);
    p[2 * n + 1] += static_cast<Real>(centre.y);
  }
  return points;
}

Coverage coverage(const PointCloud& cloud, const Tensor& points) {
  const Index count = points.shape()[0], centres = static_cast<Index>(cloud.centres.size());
  const double reach = 3 * cloud.deviation;
  std::vector<Index> good(cloud.parts, 0);
  Index all_good = 0;
  for (Index n = 0; n < count; ++n) {
    const Point point{points[2 * n], points[2 * n + 1]};
    double nearest = reach * reach;
    Index at = -1;
    for (Index i = 0; i < centres; ++i) {
      const Point away = point - cloud.centres[i];
      if (const double squared = dot(away, away); squared <= nearest) nearest = squared, at = i;
    }
    if (at < 0) continue;
    ++good[at * cloud.parts / centres];
    ++all_good;
  }
  Coverage result{.good = static_cast<double>(all_good) / static_cast<double>(count)};
  for (const Index here : good) result.covered += here > 0 && 10 * cloud.parts * here >= all_good;
  return result;
}

PointCloud read_point_cloud(Options&& data) {
  const PointCloud clouds[] = {{"eight Gaussians", "mode", row(8, 1, radius)},
                               {"a ring", "arc", row(centres_of_a_curve, 1, radius)},
                               {"a spiral", "arc", row(centres_of_a_curve, 2, 0.1)}};
  PointCloud cloud =
      clouds[data.choice<int>("source", std::nullopt, {{"eight_gaussians", 0}, {"ring", 1}, {"spiral", 2}})];
  cloud.deviation = data.real("deviation", cloud.deviation, Range::from_to(0.001, 0.08));
  return cloud;
}

}  // namespace tapestry
