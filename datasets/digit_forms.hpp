// The forms of handwritten digits: which pen strokes make up a 0, 1, ..., 9, and how one hand differs from the next.
#pragma once
#include <vector>

#include "autograd/random.hpp"

namespace tapestry {

struct Point {
  double x, y;  // x to the right, y down
};
using Stroke = std::vector<Point>;  // a smooth curve through these points; two points are a straight line

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

// The strokes of a digit, 0 to 9, in a form of its own, about 0 to 1 wide and high.
std::vector<Stroke> digit_form(int digit, Chance& chance);

}  // namespace tapestry
