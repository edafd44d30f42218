// The forms of synthetic shapes: ten outlines, each of which differs a little from picture to picture.
#pragma once
#include <array>
#include <functional>

#include "datasets/drawing.hpp"

namespace tapestry {

constexpr std::array<const char*, 10> shape_names = {"circle", "ring",  "moon",   "triangle", "square",
                                                     "star",   "cross", "flower", "heart",    "arrow"};

// How far a point is from the outline of a form, negative inside: the form, upright, reaches up to 1 from its middle.
using Distance = std::function<double(Point)>;

// A form of the kind that shape_names[shape] says, 0 to 9.
Distance shape_form(int shape, Chance& chance);

}  // namespace tapestry
