#include "datasets/picture_file.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "datasets/resample.hpp"

// A small file can claim to hold a picture of any size, and its packed data can swell to anything: both are bounded.
namespace {
constexpr std::size_t most_memory = std::size_t{1} << 30;
void* allocate(std::size_t size) { return size > most_memory ? nullptr : std::malloc(size); }
void* reallocate(void* memory, std::size_t size) { return size > most_memory ? nullptr : std::realloc(memory, size); }
}  // namespace

#define STBI_MALLOC allocate
#define STBI_REALLOC reallocate
#define STBI_FREE std::free
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#include <stb/stb_image.h>

namespace tapestry {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t most_file_bytes = std::uint64_t{1} << 28;
constexpr Index most_pixels = 100'000'000;

// Why not, or nothing.
std::string read_file(const fs::path& file, Bytes& bytes) {
  std::error_code unknown;
  const std::uint64_t size = fs::file_size(file, unknown);
  if (unknown) return unknown.message();
  if (size > most_file_bytes)
    return "has " + std::to_string(size) + " bytes, more than " + std::to_string(most_file_bytes);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> open(std::fopen(file.c_str(), "rb"), std::fclose);
  if (!open) return std::strerror(errno);
  bytes.resize(size);
  bytes.resize(std::fread(bytes.data(), 1, size, open.get()));
  return std::ferror(open.get()) ? std::strerror(errno) : "";
}

// A JPEG's Huffman tables (ITU-T T.81, B.2.4.2) have at most 256 codes; stb_image up to 2.27 believes any that says it
// has more, and writes beyond its own. So they are counted before: segment after segment, and behind the header of a
// scan, whose data has no mark of its length, on to the next marker.
bool huffman_tables_fit(const Bytes& jpeg) {
  const std::size_t size = jpeg.size();
  const auto byte = [&](std::size_t at) { return at < size ? jpeg[at] : std::uint8_t{0}; };
  std::size_t at = std::find_if(jpeg.begin(), jpeg.end(), [](int b) { return b != 0xff; }) - jpeg.begin() + 1;
  while (at < size) {
    const int marker = jpeg[at] == 0xff ? byte(at + 1) : 0;
    const bool inside_scan = marker == 0 || (marker >= 0xd0 && marker <= 0xd7);  // nothing special, or a restart
    if (inside_scan || marker == 0xff) {
      ++at;
      continue;
    }
    if (marker == 0xd9) return true;
    const std::size_t end = at + 2 + std::max(2, byte(at + 2) << 8 | byte(at + 3));
    if (marker == 0xc4)
      for (std::size_t table = at + 4; table < std::min(end, size);) {
        int codes = 0;
        for (int length = 1; length <= 16; ++length) codes += byte(table + length);
        if (codes > 256) return false;
        table += 17 + codes;
      }
    at = end;
  }
  return true;
}

// A row of red, green, blue and opacity becomes planes of 0 to 255: R, G, B or luma, on white.
void flatten(const std::uint8_t* rgba, Index W, Index C, float* planes) {
  for (Index x = 0; x < W; ++x, rgba += 4) {
    const float opacity = rgba[3] / 255.0f, white = 255 * (1 - opacity);
    const float red = opacity * rgba[0] + white, green = opacity * rgba[1] + white, blue = opacity * rgba[2] + white;
    if (C == 1) {
      planes[x] = 0.299f * red + 0.587f * green + 0.114f * blue;
    } else {
      planes[x] = red;
      planes[W + x] = green;
      planes[2 * W + x] = blue;
    }
  }
}

// The largest part of the middle of a picture that is `wide` to `high` in its proportions.
struct Window {
  double left, top, width, height;
};
Window middle(double width, double height, double wide, double high) {
  const double scale = std::min(width / wide, height / high);
  return {(width - scale * wide) / 2, (height - scale * high) / 2, scale * wide, scale * high};
}

// First the rows that count are brought to their new length, then the columns.
void resize(const std::uint8_t* rgba, Index width, Index height, const Shape& shape, std::uint8_t* into) {
  const Index C = shape[0], H = shape[1], W = shape[2];
  const Window window = middle(width, height, W, H);
  const Resampling across(width, window.left, window.width, W), down(height, window.top, window.height, H);
  const Index columns = across.end() - across.first(), rows = down.end() - down.first();
  std::vector<float> row(C * columns), narrow(C * rows * W), column(rows), resized(H);
  for (Index y = 0; y < rows; ++y) {
    flatten(rgba + ((down.first() + y) * width + across.first()) * 4, columns, C, row.data());
    for (Index c = 0; c < C; ++c) across(row.data() + c * columns, narrow.data() + (c * rows + y) * W);
  }
  for (Index c = 0; c < C; ++c)
    for (Index x = 0; x < W; ++x) {
      for (Index y = 0; y < rows; ++y) column[y] = narrow[(c * rows + y) * W + x];
      down(column.data(), resized.data());
      for (Index y = 0; y < H; ++y) into[(c * H + y) * W + x] = static_cast<std::uint8_t>(resized[y] + 0.5f);
    }
}

}  // namespace

bool is_named_like_a_picture(const fs::path& file) {
  std::string extension = file.extension().string();
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

std::string read_picture(const fs::path& file, const Shape& shape, std::uint8_t* into) {
  Bytes bytes;
  if (std::string reason = read_file(file, bytes); !reason.empty()) return reason;
  const int size = static_cast<int>(bytes.size());
  int width, height, channels;
  const bool jpeg = bytes.size() > 1 && bytes[0] == 0xff;
  if (jpeg && !huffman_tables_fit(bytes)) return "is damaged: a Huffman table has more than 256 codes";
  if (!stbi_info_from_memory(bytes.data(), size, &width, &height, &channels))
    return std::string("is no whole PNG or JPEG: ") + stbi_failure_reason();
  if (Index{width} * height > most_pixels)
    return "is " + std::to_string(width) + " x " + std::to_string(height) + " pixels, more than " +
           std::to_string(most_pixels);
  const std::unique_ptr<stbi_uc, void (*)(void*)> rgba(
      stbi_load_from_memory(bytes.data(), size, &width, &height, &channels, 4), stbi_image_free);
  if (!rgba) return std::string("is damaged: ") + stbi_failure_reason();
  resize(rgba.get(), width, height, shape, into);
  return "";
}

}  // namespace tapestry
