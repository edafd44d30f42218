#include "apps/common/animation.hpp"

#include <zlib.h>

#include "autograd/error.hpp"

namespace tapestry {
namespace {

std::string big_endian(std::uint32_t number, int bytes = 4) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(number >> shift);
  return text;
}

// length, type, data, and a checksum of the latter two.
std::string chunk(const std::string& type, const std::string& data) {
  const std::string summed = type + data;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(summed.data()), static_cast<uInt>(summed.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + summed + big_endian(static_cast<std::uint32_t>(sum));
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

constexpr std::size_t signature = 8, frame_of_chunk = 12;  // bytes before the first chunk; around the data of each

// The data of all chunks of one type, put together.
std::string data_of(const std::string& png, const std::string& type) {
  std::string data;
  for (std::size_t at = signature; at < png.size();) {
    const std::uint32_t length = number_at(png, at);
    if (png.compare(at + 4, 4, type) == 0) data += png.substr(at + 8, length);
    at += length + frame_of_chunk;
  }
  return data;
}

}  // namespace

std::string encode_animation(const std::vector<Picture>& frames, int milliseconds) {
  if (frames.empty()) fail("encode_animation: got no frames; expected at least one");
  const std::string first = encode_png(frames.front());
  const auto count = static_cast<std::uint32_t>(frames.size());
  std::string file = first.substr(0, signature) + chunk("IHDR", data_of(first, "IHDR")) +
                     chunk("acTL", big_endian(count) + big_endian(0));
  std::uint32_t sequence = 0;
  for (const Picture& frame : frames) {
    if (frame.width != frames.front().width || frame.height != frames.front().height ||
        frame.channels != frames.front().channels)
      fail("encode_animation: got frames of ", frames.front().width, "x", frames.front().height, " and ", frame.width,
           "x", frame.height, "; expected one size, and all grey or all in colour");
    file += chunk("fcTL", big_endian(sequence++) + big_endian(static_cast<std::uint32_t>(frame.width)) +
                              big_endian(static_cast<std::uint32_t>(frame.height)) + big_endian(0) + big_endian(0) +
                              big_endian(static_cast<std::uint32_t>(milliseconds), 2) + big_endian(1000, 2) +
                              big_endian(0, 2));
    const std::string pixels = data_of(encode_png(frame), "IDAT");
    // The first frame is the picture that everybody sees; the others are numbered.
    file += sequence == 1 ? chunk("IDAT", pixels) : chunk("fdAT", big_endian(sequence++) + pixels);
  }
  return file + chunk("IEND", "");
}

}  // namespace tapestry
