// What the makers of synthetic pictures share: points, and random choices.
#pragma once
#include "autograd/random.hpp"

namespace tapestry {

struct Point {
  double x, y;  // x to the right, y down
};

inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
inline Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
inline Point operator*(double factor, Point a) { return {factor * a.x, factor * a.y}; }
inline double dot(Point a, Point b) { return a.x * b.x + a.y * b.y; }

// The random choices of one picture, taken one after another.
class Chance {
 public:
  Chance(const Random& random, Index picture) : random_(random), picture_(picture) {}

  double between(double low, double high) { return low + (high - low) * random_.uniform(picture_, taken_++); }
  bool happens(double probability) { return between(0, 1) < probability; }
  // About normal with mean 0: the sum of three uniform numbers, never more than three deviations away.
  double bell(double deviation) { return deviation * (between(-1, 1) + between(-1, 1) + between(-1, 1)); }

 private:
  Random random_;
  Index picture_;
  Index taken_ = 0;
};

}  // namespace tapestry
