// Pictures: the right pixel in the right place, and a PNG that another decoder reads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "apps/common/file.hpp"
#include "apps/common/picture.hpp"
#include "autograd/error.hpp"
#include "tests/temporary_folder.hpp"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#include <stb/stb_image.h>

using namespace tapestry;

namespace {

Picture decode(const std::string& png) {
  Picture picture;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(png.data()), static_cast<int>(png.size()), &picture.width,
                            &picture.height, &picture.channels, 0),
      stbi_image_free);
  REQUIRE(pixels);
  picture.pixels.assign(pixels.get(), pixels.get() + picture.width * picture.height * picture.channels);
  return picture;
}

using Pixels = std::vector<std::uint8_t>;
constexpr Real not_a_number = std::numeric_limits<Real>::quiet_NaN();
constexpr Real infinity = std::numeric_limits<Real>::infinity();

}  // namespace

TEST_CASE("grid puts picture i * columns + j into cell (i, j)") {
  // Four pictures of 1 x 2 pixels in 2 x 2 cells, one gap line of dark grey (64) between.
  const Tensor pictures({4, 1, 1, 2}, {0, 10, 20, 30, 40, 50, 60, 70});
  const Picture picture = grid(pictures, 0, 255, {.rows = 2, .columns = 2, .scale = 1, .gap = 1});
  CHECK(picture.width == 5);
  CHECK(picture.height == 3);
  CHECK(picture.channels == 1);
  CHECK(picture.pixels == Pixels{0, 10, 64, 20, 30, 64, 64, 64, 64, 64, 40, 50, 64, 60, 70});
}

TEST_CASE("grid: an index that is printed shows picture (i + 1) (j + 1) - 1 in cell (i, j)") {
  const Tensor pictures({9, 1, 1, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(grid(pictures, 0, 255, {.rows = 3, .columns = 3, .gap = 0, .cells = Cells::products}).pixels ==
        Pixels{1, 2, 3, 2, 4, 6, 3, 6, 9});
}

TEST_CASE("grid enlarges, leaves cells without a picture grey, and leaves pictures without a cell out") {
  const Tensor pictures({2, 1, 1, 1}, {0, 1});
  CHECK(grid(pictures, 0, 1, {.rows = 1, .columns = 3, .scale = 2, .gap = 0}).pixels ==
        Pixels{0, 0, 255, 255, 64, 64, 0, 0, 255, 255, 64, 64});
  CHECK(grid(pictures, 0, 1, {.rows = 1, .columns = 1, .scale = 1, .gap = 3}).pixels == Pixels{0});
}

TEST_CASE("grid turns (C, H, W) into interleaved colours") {
  const Tensor pictures({1, 3, 2, 1}, {1, 2, 3, 4, 5, 6});
  const Picture picture = grid(pictures, 0, 255, {});
  CHECK(picture.channels == 3);
  CHECK(picture.pixels == Pixels{1, 3, 5, 2, 4, 6});
}

TEST_CASE("grid maps low to black and high to white, rounds, and clamps") {
  const Tensor pictures({1, 1, 1, 7}, {-1, 0, 1, -5, 5, infinity, -infinity});
  CHECK(grid(pictures, -1, 1, {}).pixels == Pixels{0, 128, 255, 0, 255, 255, 0});
}

TEST_CASE("grid shows a NaN in magenta, in grey pictures too") {
  const Picture grey = grid(Tensor({1, 1, 1, 2}, {not_a_number, 1}), 0, 1, {});
  CHECK(grey.channels == 3);
  CHECK(grey.pixels == Pixels{255, 0, 255, 255, 255, 255});
  const Picture colour = grid(Tensor({1, 3, 1, 2}, {1, 1, not_a_number, 1, 1, 1}), 0, 1, {});
  CHECK(colour.pixels == Pixels{255, 0, 255, 255, 255, 255});
}

TEST_CASE("grey runs from black to white, inverted grey back, viridis from dark blue over green to yellow") {
  const Tensor pictures({1, 1, 1, 3}, {-1, 0, 1});
  CHECK(grid(pictures, -1, 1, {}, Palette::grey).pixels == Pixels{0, 128, 255});
  CHECK(grid(pictures, -1, 1, {}, Palette::inverted_grey).pixels == Pixels{255, 128, 0});
  const Picture picture = grid(pictures, -1, 1, {}, Palette::viridis);
  CHECK(picture.channels == 3);
  for (int i = 0; i < 3; ++i) {
    const Colour colour = palette_colour(Palette::viridis, i / 2.0);
    CHECK(std::equal(colour.begin(), colour.end(), picture.pixels.begin() + 3 * i));
  }
}

TEST_CASE("viridis is within a level of Matplotlib's table") {
  // Entries 0, 15, 30, ..., 255 of the 256.
  constexpr int table[] = {0x440154, 0x481769, 0x472a7a, 0x433d84, 0x3d4e8a, 0x355e8d, 0x2e6d8e, 0x297b8e, 0x23898e,
                           0x1f978b, 0x21a585, 0x2eb37c, 0x46c06f, 0x65cb5e, 0x89d548, 0xb0dd2f, 0xd8e219, 0xfde725};
  for (int i = 0; i < 18; ++i) {
    const Colour colour = palette_colour(Palette::viridis, i * 15 / 255.0);
    for (int c = 0; c < 3; ++c) CHECK(std::abs(colour[c] - (table[i] >> (16 - 8 * c) & 255)) <= 1);
  }
}

TEST_CASE("grid refuses what it cannot draw") {
  const Tensor good({1, 1, 2, 2}, Real(0));
  CHECK_THROWS_WITH_AS(grid(Tensor({1, 2, 2, 2}, Real(0)), 0, 1, {}),
                       "grid: got a tensor of shape (1, 2, 2, 2); expected pictures (N, 1, H, W) or (N, 3, H, W)",
                       Error);
  CHECK_THROWS_AS(grid(Tensor({2, 2}, Real(0)), 0, 1, {}), Error);
  CHECK_THROWS_WITH_AS(grid(Tensor({1, 3, 2, 2}, Real(0)), 0, 1, {}, Palette::viridis),
                       "grid: got a palette for pictures of shape (1, 3, 2, 2), which have colours of their own; "
                       "expected (N, 1, H, W); leave the palette at grey",
                       Error);
  CHECK_THROWS_WITH_AS(grid(good, 1, 1, {}), "grid: got 1 for black and 1 for white; expected the smaller one first",
                       Error);
  CHECK_THROWS_AS(grid(good, 0, double(not_a_number), {}), Error);
  CHECK_THROWS_WITH_AS(grid(good, 0, 1, {.rows = 0, .columns = 1, .scale = 1, .gap = 1}),
                       "grid: got 0 rows, 1 columns, scale 1, gap 1; expected at least 1, 1, 1, 0", Error);
  CHECK_THROWS_WITH_AS(grid(good, 0, 1, {.rows = 1, .columns = 1, .scale = 100'000, .gap = 1}),
                       "grid: would be 200000 x 200000 pixels; expected at most 268435456 in all; take a smaller scale",
                       Error);
}

TEST_CASE("a PNG decodes to the same picture, and the same picture gives the same bytes") {
  for (const int channels : {1, 3}) {
    Picture picture{7, 5, channels, {}};
    for (int i = 0; i < 7 * 5 * channels; ++i) picture.pixels.push_back(static_cast<std::uint8_t>(i * i * 31 + i));
    const std::string png = encode_png(picture);
    const Picture decoded = decode(png);
    CHECK(decoded.width == 7);
    CHECK(decoded.height == 5);
    CHECK(decoded.channels == channels);
    CHECK(decoded.pixels == picture.pixels);
    CHECK(encode_png(picture) == png);

    const TemporaryFolder folder;
    write_png(folder / "a.png", picture);
    CHECK(read_file(folder / "a.png") == png);
  }
}

TEST_CASE("encode_png refuses a picture whose bytes do not fit its size") {
  CHECK_THROWS_WITH_AS(
      encode_png({2, 2, 1, {1, 2, 3}}),
      "encode_png: got 2 x 2 pixels of 1 channels in 3 bytes; expected 1 or 3 channels, and one byte for each", Error);
  CHECK_THROWS_AS(encode_png({1, 1, 2, {1, 2}}), Error);
  CHECK_THROWS_AS(encode_png({0, 0, 1, {}}), Error);
}
