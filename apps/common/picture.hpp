// Picture: bytes to look at, from tensors to PNG files.
#pragma once
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

struct GridLayout {
  int rows = 1;
  int columns = 1;
  int scale = 1;  // each pixel becomes scale x scale pixels
  int gap = 1;    // width of the dark grey lines between cells
};

// pictures (N, C, H, W) with C = 1 or 3: cell (i, j) shows picture i * columns + j, further pictures are left out, and
// cells without a picture stay dark grey. Values from low to high become black to white, those beyond are clamped.
// A pixel with a NaN is magenta, for which a grid of grey pictures becomes a colour picture.
Picture grid(const Tensor& pictures, double low, double high, const GridLayout& layout);

// The bytes of a PNG file (ISO/IEC 15948): the same for the same picture, everywhere.
std::string encode_png(const Picture& picture);

void write_png(const std::string& path, const Picture& picture);  // through write_file

}  // namespace tapestry
