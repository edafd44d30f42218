#include "apps/common/picture.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/file.hpp"
#include "autograd/error.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace tapestry {
namespace {

constexpr std::uint8_t dark_grey = 64;
constexpr Colour magenta = {255, 0, 255};

constexpr Index most_bytes = Index{1} << 30;  // stb counts the bytes of a picture in an int

std::uint8_t to_byte(double level) { return static_cast<std::uint8_t>(std::lround(std::clamp(level, 0.0, 255.0))); }

// Polynomials in 2 t - 1, fitted to Matplotlib's table of 256 colours so that the largest error is least: rounded, no
// level of red, green or blue is off by more than 1.
Colour viridis(double t) {
  constexpr double coefficients[3][10] = {
      {31.9, -32.8, 164.5, 413.0, 84.3, -744.6, -229.3, 724.6, 110.1, -267.6},
      {144.1, 117.1, 2.0, 30.1, -64.9, -116.9, 52.7, 140.6, -17.9, -56.0},
      {140.7, -28.8, -90.9, -15.8, 56.1, -157.2, -209.9, 252.3, 165.1, -74.1},
  };
  Colour colour;
  for (std::size_t c = 0; c < 3; ++c) {
    double level = 0;
    for (int power = 9; power >= 0; --power) level = level * (2 * t - 1) + coefficients[c][power];
    colour[c] = to_byte(level);
  }
  return colour;
}

bool has_nan(const Tensor& tensor) {
  return std::any_of(tensor.data(), tensor.data() + tensor.size(), [](Real value) { return std::isnan(value); });
}

// The pixel of picture n at (y, x).
Colour colour(const Tensor& pictures, Index n, Index y, Index x, double low, double high, Palette palette) {
  const Index C = pictures.shape()[1], H = pictures.shape()[2], W = pictures.shape()[3];
  Colour result;
  for (Index c = 0; c < C; ++c) {
    const Real value = pictures[((n * C + c) * H + y) * W + x];
    if (std::isnan(value)) return magenta;
    const double t = std::clamp((value - low) / (high - low), 0.0, 1.0);
    if (C == 1) return palette_colour(palette, t);
    result[static_cast<std::size_t>(c)] = to_byte(255 * t);
  }
  return result;
}

void check(const Tensor& pictures, double low, double high, const GridLayout& layout, Palette palette) {
  const Shape& shape = pictures.shape();
  if (pictures.empty() || shape.rank() != 4 || (shape[1] != 1 && shape[1] != 3))
    fail("grid: got a tensor of shape ", shape, "; expected pictures (N, 1, H, W) or (N, 3, H, W)");
  if (palette != Palette::grey && shape[1] == 3)
    fail("grid: got a palette for pictures of shape ", shape, ", which have colours of their own; expected (N, 1, H, ",
         "W); leave the palette at grey");
  if (!std::isfinite(low) || !std::isfinite(high) || low >= high)
    fail("grid: got ", low, " for black and ", high, " for white; expected the smaller one first");
  if (layout.rows < 1 || layout.columns < 1 || layout.scale < 1 || layout.gap < 0)
    fail("grid: got ", layout.rows, " rows, ", layout.columns, " columns, scale ", layout.scale, ", gap ", layout.gap,
         "; expected at least 1, 1, 1, 0");
}

// Length of `cells` cells in a line, with gaps between them.
Index length(Index cells, Index cell, const GridLayout& layout) {
  return cells * (cell * layout.scale + layout.gap) - layout.gap;
}

Picture blank(Index width, Index height, int channels) {
  if (width > most_bytes || height > most_bytes || width * height > most_bytes / 4)
    fail("grid: would be ", width, " x ", height, " pixels; expected at most ", most_bytes / 4,
         " in all; take a smaller scale");
  return {static_cast<int>(width), static_cast<int>(height), channels,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * channels), dark_grey)};
}

}  // namespace

Colour palette_colour(Palette palette, double t) {
  if (palette == Palette::viridis) return viridis(t);
  const std::uint8_t level = to_byte(255 * (palette == Palette::grey ? t : 1 - t));
  return {level, level, level};
}

Picture grid(const Tensor& pictures, double low, double high, const GridLayout& layout, Palette palette) {
  check(pictures, low, high, layout, palette);
  const Index N = pictures.shape()[0], C = pictures.shape()[1], H = pictures.shape()[2], W = pictures.shape()[3];
  const bool colourful = C == 3 || palette == Palette::viridis || has_nan(pictures);
  Picture result = blank(length(layout.columns, W, layout), length(layout.rows, H, layout), colourful ? 3 : 1);
  for (Index cell = 0; cell < Index{layout.rows} * layout.columns; ++cell) {
    const Index i = cell / layout.columns, j = cell % layout.columns;
    const Index n = layout.cells == Cells::products ? (i + 1) * (j + 1) - 1 : cell;
    if (n >= N) continue;
    const Index top = i * (H * layout.scale + layout.gap), left = j * (W * layout.scale + layout.gap);
    for (Index y = 0; y < H * layout.scale; ++y)
      for (Index x = 0; x < W * layout.scale; ++x) {
        const Colour pixel = colour(pictures, n, y / layout.scale, x / layout.scale, low, high, palette);
        const Index place = ((top + y) * result.width + left + x) * result.channels;
        std::copy_n(pixel.begin(), result.channels, result.pixels.begin() + place);
      }
  }
  return result;
}

std::string encode_png(const Picture& picture) {
  const Index bytes = Index{picture.width} * picture.height * picture.channels;
  if (picture.width < 1 || picture.height < 1 || (picture.channels != 1 && picture.channels != 3) ||
      bytes > most_bytes || static_cast<Index>(picture.pixels.size()) != bytes)
    fail("encode_png: got ", picture.width, " x ", picture.height, " pixels of ", picture.channels, " channels in ",
         picture.pixels.size(), " bytes; expected 1 or 3 channels, and one byte for each");
  std::string png;
  const auto append = [](void* to, void* data, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  if (!stbi_write_png_to_func(append, &png, picture.width, picture.height, picture.channels, picture.pixels.data(),
                              picture.width * picture.channels))
    fail("encode_png: got too little memory for ", picture.width, " x ", picture.height, " pixels; expected more");
  return png;
}

void write_png(const std::string& path, const Picture& picture) { write_file(path, encode_png(picture)); }

}  // namespace tapestry
