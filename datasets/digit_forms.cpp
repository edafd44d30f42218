#include "datasets/digit_forms.hpp"

#include <cmath>
#include <numbers>

#include "autograd/error.hpp"

namespace tapestry {
namespace {

using Strokes = std::vector<Stroke>;

// Part of an ellipse, from one angle to another in degrees: 0 is right, 90 is down, -90 is up.
Stroke arc(Point centre, double radius_x, double radius_y, double from, double to) {
  const int steps = 2 + static_cast<int>(std::abs(to - from) / 45);
  Stroke stroke;
  for (int i = 0; i <= steps; ++i) {
    const double angle = (from + (to - from) * i / steps) * std::numbers::pi / 180;
    stroke.push_back({centre.x + radius_x * std::cos(angle), centre.y + radius_y * std::sin(angle)});
  }
  return stroke;
}

// One stroke after the other without lifting the pen, smooth where they meet.
Stroke joined(Stroke first, const Stroke& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Strokes zero(Chance& chance) {
  const double start = chance.between(-130, -50), overlap = chance.between(-15, 40);
  return {arc({0.5, 0.5}, chance.between(0.3, 0.46), 0.5, start, start - 360 - overlap)};
}

Strokes one(Chance& chance) {
  const double bend = chance.bell(0.02);
  Strokes strokes = {{{0.5 + bend, 0}, {0.5 - bend, 0.5}, {0.5 + bend, 1}}};
  if (chance.happens(0.7)) return strokes;
  strokes.push_back({{0.5 + bend, 0}, {chance.between(0.22, 0.34), chance.between(0.14, 0.26)}});
  if (chance.happens(0.4)) strokes.push_back({{chance.between(0.18, 0.3), 1}, {chance.between(0.7, 0.85), 1}});
  return strokes;
}

Strokes two(Chance& chance) {
  const double right = chance.between(0.75, 0.92);
  const Stroke head = {{0.1, chance.between(0.15, 0.32)}, {0.3, 0.03}, {0.6, 0.02}, {right, 0.22}, {right - 0.1, 0.48}};
  if (chance.happens(0.4)) {  // a loop at the foot
    const double loop = chance.between(0.72, 0.8);
    return {joined(head, {{0.42, 0.82},
                          {0.16, 0.98},
                          {0.05, 0.86},
                          {0.22, loop},
                          {0.5, 0.88},
                          {0.75, 0.98},
                          {chance.between(0.9, 1.1), chance.between(0.82, 0.98)}})};
  }
  const Point foot = {chance.between(0.05, 0.15), 0.97};
  return {joined(head, {{0.4, 0.75}, foot}),
          {foot, {0.5, chance.between(0.92, 1)}, {chance.between(0.85, 1.05), chance.between(0.9, 1)}}};
}

Strokes three(Chance& chance) {
  const Point waist = {chance.between(0.3, 0.48), chance.between(0.42, 0.5)};
  const double belly = chance.between(0.78, 0.95), foot = chance.between(0.8, 0.95);
  const Stroke lower = {waist, {0.65, waist.y + 0.04}, {belly, 0.7}, {0.62, 0.96}, {0.3, 0.98}, {0.05, foot}};
  if (chance.happens(0.12)) return {{{0.12, 0.03}, {0.8, 0.02}}, {{0.8, 0.02}, waist}, lower};  // a flat top
  const double brow = chance.between(0.7, 0.82);
  return {{{0.1, chance.between(0.1, 0.22)}, {0.3, 0.02}, {0.58, 0.02}, {brow, 0.2}, {0.62, 0.38}, waist}, lower};
}

Strokes four(Chance& chance) {
  const double bar = chance.between(0.5, 0.64), right = chance.between(0.85, 1);
  const Point foot = {chance.between(0.58, 0.72), 1};
  if (chance.happens(0.3)) {  // closed at the top
    const Point top = {chance.between(0.6, 0.72), 0};
    return {{top, {0.05, bar}}, {{0.05, bar}, {right, bar}}, {top, foot}};
  }
  const Point left = {chance.between(0.1, 0.22), chance.between(0, 0.12)};
  const Point corner = {chance.between(0.05, 0.14), bar};
  const double top = chance.between(0, 0.12);
  if (chance.happens(0.4))  // a round bowl
    return {{left, {corner.x, bar - 0.18}, {0.2, bar}, {0.5, bar - 0.02}, {0.72, bar - 0.12}},
            {{0.74, top}, {0.71, bar - 0.12}, foot}};
  return {{left, corner}, {corner, {right, bar + chance.between(-0.08, 0.02)}}, {{0.74, top}, foot}};
}

Strokes five(Chance& chance) {
  const Point corner = {chance.between(0.2, 0.32), chance.between(0.02, 0.08)};
  const Point neck = {chance.between(0.14, 0.24), chance.between(0.4, 0.48)};
  const double belly = chance.between(0.72, 0.92);
  return {{corner, {chance.between(0.75, 1), chance.between(-0.02, 0.06)}},
          {corner, neck},
          {neck,
           {0.45, neck.y - 0.06},
           {belly - 0.08, 0.54},
           {belly, 0.74},
           {0.58, 0.96},
           {0.28, 1},
           {0.03, chance.between(0.84, 0.95)}}};
}

Strokes six(Chance& chance) {
  const double top = chance.between(0.52, 0.8), loop = chance.between(0.46, 0.6), right = chance.between(0.7, 0.85);
  return {{{top, 0},
           {0.36, 0.2},
           {0.17, 0.48},
           {0.13, 0.74},
           {0.26, 0.95},
           {0.48, 1},
           {right - 0.06, 0.91},
           {right, 0.74},
           {right - 0.1, loop + 0.03},
           {0.45, loop},
           {0.27, loop + 0.12},
           {0.17, 0.78}}};
}

Strokes seven(Chance& chance) {
  const Point corner = {chance.between(0.78, 0.92), chance.between(0.02, 0.1)};
  const Point foot = {chance.between(0.25, 0.5), 1};
  const double bend = chance.between(-0.02, 0.08);
  Strokes strokes = {{{0.08, chance.between(0.04, 0.14)}, {0.42, chance.between(0.01, 0.09)}, corner},
                     {corner, {(corner.x + foot.x) / 2 + bend, 0.45}, foot}};
  if (chance.happens(0.2)) strokes[0].insert(strokes[0].begin(), {0.06, chance.between(0.2, 0.3)});  // a serif
  if (chance.happens(0.2)) strokes.push_back({{chance.between(0.22, 0.32), 0.52}, {chance.between(0.78, 0.9), 0.48}});
  return strokes;
}

Strokes eight(Chance& chance) {
  const double waist = chance.between(0.42, 0.52), head = chance.between(0.7, 0.84), belly = chance.between(0.72, 0.92);
  return {{{head, 0.1},
           {0.5, 0},
           {1 - head, 0.14},
           {0.34, waist - 0.12},
           {0.58, waist + 0.1},
           {belly, 0.76},
           {0.66, 0.96},
           {0.4, 0.99},
           {1 - belly, 0.8},
           {0.4, waist + 0.1},
           {0.64, waist - 0.12},
           {head + 0.02, 0.16},
           {head - 0.1, 0.03}}};
}

Strokes nine(Chance& chance) {
  const double right = chance.between(0.72, 0.86), loop = chance.between(0.44, 0.56);
  const Stroke head = {{right, 0.16},       {0.56, 0},    {0.28, 0.06},        {0.13, 0.27},
                       {0.22, loop - 0.03}, {0.46, loop}, {right - 0.1, 0.36}, {right, 0.14}};
  const double foot = chance.between(0.45, 0.8);
  if (chance.happens(0.25))  // a hook
    return {head, {{right, 0.14}, {right, 0.55}, {right - 0.12, 0.9}, {0.42, 1}, {0.14, chance.between(0.86, 0.94)}}};
  return {head, {{right, 0.14}, {(right + foot) / 2 + 0.02, 0.58}, {foot, 1}}};
}

}  // namespace

std::vector<Stroke> digit_form(int digit, Chance& chance) {
  constexpr Strokes (*forms[])(Chance&) = {zero, one, two, three, four, five, six, seven, eight, nine};
  if (digit < 0 || digit > 9) fail("digit_form: got ", digit, "; expected 0 to 9");
  return forms[digit](chance);
}

}  // namespace tapestry
