// Animation: pictures one after another in one file, an animated PNG (W3C, "Portable Network Graphics", third edition,
// 2025): browsers play it, anything else shows the first picture.
#pragma once
#include <string>
#include <vector>

#include "apps/common/picture.hpp"

namespace tapestry {

// All frames of one size; each is shown for so many milliseconds, and the whole repeats for ever.
std::string encode_animation(const std::vector<Picture>& frames, int milliseconds);

}  // namespace tapestry
