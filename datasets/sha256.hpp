// SHA-256 (FIPS 180-4): the fingerprint by which a file is known to be the one it should be.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tapestry {

// Of all parts one after another, as 64 hexadecimal digits in lower case.
std::string sha256(const std::vector<std::span<const std::uint8_t>>& parts);

}  // namespace tapestry
