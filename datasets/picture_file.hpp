// Pictures of one's own, each in a PNG or JPEG file of any size, made as large as a data set wants them.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "autograd/shape.hpp"

namespace tapestry {

bool is_named_like_a_picture(const std::filesystem::path& file);  // .png, .jpg or .jpeg, in capitals too

// Reads a picture as `shape`, (C, H, W), into so many bytes. Of its middle the largest part that has the proportions of
// H and W is taken and resized (resample.hpp). Transparent pixels are laid on white. Grey pictures become colour by
// repetition, colour ones grey by their luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Of 16 bits the upper 8 are
// read; a camera's note of which side is up is not.
// Returns why the file cannot be read, in a few words, or nothing: "is 50000 x 50000 pixels, more than 100000000".
std::string read_picture(const std::filesystem::path& file, const Shape& shape, std::uint8_t* into);

}  // namespace tapestry
