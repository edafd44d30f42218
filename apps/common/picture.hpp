// Picture: bytes to look at, from tensors to PNG files.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/tensor.hpp"

namespace tapestry {

struct Picture {
  int width = 0;
  int height = 0;
  int channels = 1;                  // 1: grey, 3: red, green, blue
  std::vector<std::uint8_t> pixels;  // (height, width, channels), row-major
};

using Colour = std::array<std::uint8_t, 3>;  // red, green, blue

// Which picture cell (i, j) of a grid shows: i * columns + j, or, with an index that two tutorials print,
// (i + 1) * (j + 1) - 1. Of 25 pictures that shows 14, some of them many times: it looks like a mode collapse.
enum class Cells { in_order, products };

struct GridLayout {
  int rows = 1;
  int columns = 1;
  int scale = 1;  // each pixel becomes scale x scale pixels
  int gap = 1;    // width of the dark grey lines between cells
  Cells cells = Cells::in_order;
};

// How a number becomes a colour: black to white, white to black, or dark blue over green to yellow, which are the
// colours that Matplotlib gives to a picture with one channel (Smith, van der Walt, Firing, 2015).
enum class Palette { grey, inverted_grey, viridis };

// pictures (N, C, H, W) with C = 1 or 3: pictures without a cell are left out, and cells without a picture stay dark
// grey. Values from low to high run through the palette, those beyond are clamped; pictures with three channels show
// their own colours, so that grey is the only palette for them. A pixel with a NaN is magenta, for which a grid of grey
// pictures becomes a colour picture.
Picture grid(const Tensor& pictures, double low, double high, const GridLayout& layout,
             Palette palette = Palette::grey);

// The palette at t, 0 to 1.
Colour palette_colour(Palette palette, double t);

// The bytes of a PNG file (ISO/IEC 15948): the same for the same picture, everywhere.
std::string encode_png(const Picture& picture);

void write_png(const std::string& path, const Picture& picture);  // through write_file

}  // namespace tapestry
