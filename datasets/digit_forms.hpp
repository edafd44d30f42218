// The forms of handwritten digits: which pen strokes make up a 0, 1, ..., 9, and how one hand differs from the next.
#pragma once
#include <vector>

#include "datasets/drawing.hpp"

namespace tapestry {

using Stroke = std::vector<Point>;  // a smooth curve through these points; two points are a straight line

// The strokes of a digit, 0 to 9, in a form of its own, about 0 to 1 wide and high.
std::vector<Stroke> digit_form(int digit, Chance& chance);

}  // namespace tapestry
