#include "apps/common/toy_picture.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/error.hpp"

namespace tapestry {
namespace {

constexpr Colour paper = {250, 249, 246}, ink = {45, 45, 52};
constexpr Colour real_shade = {126, 171, 214}, fake_shade = {246, 180, 120};  // where the discriminator is sure
constexpr Colour real_dot = {20, 66, 128}, fake_dot = {214, 62, 12};
constexpr double bands = 10;

class Canvas {
 public:
  explicit Canvas(Index size) : size_(size) {
    picture_ = {static_cast<int>(size), static_cast<int>(size), 3,
                std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size * size))};
  }
  // Puts a colour over what is there; opacity 0: nothing, 1: all of it.
  void blend(Index x, Index y, Colour colour, double opacity) {
    if (x < 0 || y < 0 || x >= size_ || y >= size_) return;
    std::uint8_t* const pixel = &picture_.pixels[static_cast<std::size_t>(3 * (y * size_ + x))];
    for (std::size_t c = 0; c < 3; ++c)
      pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] + opacity * (colour[c] - pixel[c])));
  }
  // A disc with soft edges around a place in pixels.
  void dot(double x, double y, double radius, Colour colour, double opacity) {
    if (!(std::abs(x) < 1e6 && std::abs(y) < 1e6)) return;  // far outside, or NaN
    const Index left = static_cast<Index>(x - radius) - 1, top = static_cast<Index>(y - radius) - 1;
    const Index width = static_cast<Index>(2 * radius) + 4;
    for (Index v = top; v < top + width; ++v)
      for (Index u = left; u < left + width; ++u) {
        const double distance = std::hypot(static_cast<double>(u) + 0.5 - x, static_cast<double>(v) + 0.5 - y);
        blend(u, v, colour, opacity * std::clamp(radius + 0.5 - distance, 0.0, 1.0));
      }
  }
  Picture take() { return std::move(picture_); }

 private:
  Index size_;
  Picture picture_;
};

// From -1, surely fake, to 1, surely real, at a place between those of the lattice.
double belief_at(const Field& field, double x, double y) {
  const Index last = field.side - 2;
  const Index left = std::clamp<Index>(static_cast<Index>(x), 0, last), top = std::clamp<Index>(Index(y), 0, last);
  const double right = x - static_cast<double>(left), down = y - static_cast<double>(top);
  const Real* const at = field.belief.data() + top * field.side + left;
  const double above = at[0] + right * (at[1] - at[0]);
  const double below = at[field.side] + right * (at[field.side + 1] - at[field.side]);
  const double middle = (field.low + field.high) / 2, reach = std::max((field.high - field.low) / 2, 1e-12);
  return std::clamp((above + down * (below - above) - middle) / reach, -1.0, 1.0);
}

// Shades and lines. A line is as far from its level as the slope says, so that all are equally wide.
void draw_field(Canvas& canvas, const Field& field, Index size) {
  const auto belief = [&](double x, double y) {
    const double per_pixel = static_cast<double>(field.side - 1) / static_cast<double>(size);
    return belief_at(field, x * per_pixel, y * per_pixel);
  };
  for (Index y = 0; y < size; ++y)
    for (Index x = 0; x < size; ++x) {
      const double u = static_cast<double>(x) + 0.5, v = static_cast<double>(y) + 0.5, here = belief(u, v);
      const double level = here * bands / 2;  // lines are at whole numbers
      const double shade = (std::min(std::floor(std::abs(level)), bands / 2 - 1) + 0.5) / (bands / 2);
      canvas.blend(x, y, paper, 1);
      canvas.blend(x, y, here > 0 ? real_shade : fake_shade, std::isnan(here) ? 0 : shade);
      const double across = belief(u + 1, v) - belief(u - 1, v), along = belief(u, v + 1) - belief(u, v - 1);
      const double slope = std::hypot(across, along) / 2 * bands / 2;  // in levels, for a pixel
      const double nearest = std::round(level);
      if (std::abs(nearest) >= bands / 2 || !(slope > 1e-9)) continue;
      const double distance = std::abs(level - nearest) / slope, width = nearest == 0 ? 1.1 : 0.35;
      canvas.blend(x, y, ink, (nearest == 0 ? 0.75 : 0.3) * std::clamp(width + 0.5 - distance, 0.0, 1.0));
    }
}

void draw_points(Canvas& canvas, const Tensor& points, Index size, double radius, Colour colour, double opacity) {
  const double scale = static_cast<double>(size) / (2 * toy_extent);
  for (Index n = 0; n < points.shape()[0]; ++n)
    canvas.dot((points[2 * n] + toy_extent) * scale, (points[2 * n + 1] + toy_extent) * scale, radius, colour, opacity);
}

// Digits of three by five squares, row by row.
constexpr const char* digits[10] = {"111101101101111", "010110010010111", "111001111100111", "111001111001111",
                                    "101101111001001", "111100111001111", "111100111101111", "111001001001001",
                                    "111101111101111", "111101111001111"};

void draw_number(Canvas& canvas, Index number, Index square) {
  const std::string text = std::to_string(number);
  const Index margin = 3 * square, width = (4 * static_cast<Index>(text.size()) - 1) * square;
  for (Index y = margin - 2 * square; y < margin + 7 * square; ++y)
    for (Index x = margin - 2 * square; x < margin + width + 2 * square; ++x) canvas.blend(x, y, paper, 0.85);
  for (std::size_t i = 0; i < text.size(); ++i)
    for (Index y = 0; y < 5 * square; ++y)
      for (Index x = 0; x < 3 * square; ++x)
        if (digits[text[i] - '0'][y / square * 3 + x / square] == '1')
          canvas.blend(margin + 4 * square * static_cast<Index>(i) + x, margin + y, ink, 1);
}

}  // namespace

Tensor Field::places(Index side) {
  Tensor places({side * side, 2}, 0);
  Real* const p = places.writable();
  const auto at = [&](Index i) {
    return static_cast<Real>(toy_extent * (2 * static_cast<double>(i) / static_cast<double>(side - 1) - 1));
  };
  for (Index i = 0; i < side * side; ++i) p[2 * i] = at(i % side), p[2 * i + 1] = at(i / side);
  return places;
}

Picture toy_picture(const Field& field, const Tensor& real, const Tensor& fake, Index step, Index size) {
  if (field.side < 2 || field.belief.size() != field.side * field.side)
    fail("toy_picture: got a field of ", field.belief.size(), " places; expected ", field.side, " x ", field.side,
         ", at least 2 x 2");
  Canvas canvas(size);
  const double radius = static_cast<double>(size) / 180;
  draw_field(canvas, field, size);
  draw_points(canvas, real, size, 0.8 * radius, real_dot, 0.7);
  draw_points(canvas, fake, size, 1.25 * radius, paper, 0.8);
  draw_points(canvas, fake, size, 0.85 * radius, fake_dot, 0.9);
  draw_number(canvas, step, std::max<Index>(size / 120, 1));
  return canvas.take();
}

Picture toy_overview(const std::vector<Picture>& pictures) {
  constexpr Index columns = 4, most_rows = 3, gap = 4;
  const Index count = static_cast<Index>(pictures.size()), shown = std::min(count, columns * most_rows);
  const Index side = pictures.front().width, across = std::min(shown, columns), down = (shown + columns - 1) / columns;
  Picture all{static_cast<int>(across * (side + gap) - gap), static_cast<int>(down * (side + gap) - gap), 3, {}};
  all.pixels.assign(static_cast<std::size_t>(3) * all.width * all.height, 255);
  for (Index i = 0; i < shown; ++i) {
    const Picture& picture = pictures[shown > 1 ? i * (count - 1) / (shown - 1) : 0];
    const Index left = i % columns * (side + gap), top = i / columns * (side + gap);
    for (Index y = 0; y < side; ++y)
      std::copy_n(picture.pixels.begin() + 3 * y * side, 3 * side,
                  all.pixels.begin() + 3 * ((top + y) * all.width + left));
  }
  return all;
}

}  // namespace tapestry
