// IDX, the format in which MNIST comes (described on its page, http://yann.lecun.com/exdb/mnist): two zero bytes, the
// type of the numbers (0x08: bytes), how many axes, their lengths as big-endian 32-bit numbers, then the numbers in
// row-major order. No more and no less.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "autograd/shape.hpp"

namespace tapestry {

struct IdxFile {
  Shape shape;                       // one length per axis, each 1 or more
  std::vector<std::uint8_t> values;  // shape.size() of them
  std::string sha256;                // of the whole unpacked file, header included
};

// Reads a file of bytes with `rank` axes, gzip-packed or plain, of less than 2 GiB. A file that is not exactly that is
// an error that names the file, what it has and what was expected, and ends with `advice`: how to get a good copy.
IdxFile read_idx(const std::filesystem::path& file, int rank, const std::string& advice);

}  // namespace tapestry
