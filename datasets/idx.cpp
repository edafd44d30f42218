#include "datasets/idx.hpp"

#include <cstdio>

#include "autograd/error.hpp"
#include "datasets/packed_file.hpp"
#include "datasets/sha256.hpp"

namespace tapestry {
namespace {

constexpr std::uint64_t most_bytes = 0x7fffffff;
constexpr std::uint64_t deflate_ratio = 1032;  // deflate (RFC 1951) packs no more bytes than that into one

std::string hexadecimal(std::uint8_t byte) {
  char text[5];
  std::snprintf(text, sizeof text, "0x%02x", byte);
  return text;
}

// Before the lengths: two zeros, the type, the number of axes.
void check_kind(const std::string& name, const std::uint8_t* header, int rank) {
  if (header[0] != 0 || header[1] != 0)
    fail(name, ": begins with ", hexadecimal(header[0]), " ", hexadecimal(header[1]),
         "; expected 0x00 0x00, as every IDX file begins");
  if (header[2] != 0x08)
    fail(name, ": holds numbers of type ", hexadecimal(header[2]), "; expected 0x08, unsigned bytes");
  if (header[3] != rank) fail(name, ": has ", int{header[3]}, " axes; expected ", rank);
}

// The lengths, refused before anything is allocated if no file of this size can hold so many bytes.
Shape declared_shape(const std::string& name, const std::uint8_t* lengths, int rank, std::uint64_t file_size) {
  std::vector<std::uint64_t> axes;
  std::string text;
  std::uint64_t total = 1;
  for (int axis = 0; axis < rank; ++axis, lengths += 4) {
    const std::uint64_t length = std::uint64_t{lengths[0]} << 24 | lengths[1] << 16 | lengths[2] << 8 | lengths[3];
    if (length == 0) fail(name, ": declares an axis ", axis, " of length 0; expected 1 or more");
    total = length > most_bytes / total ? most_bytes + 1 : total * length;
    text += (axis ? " x " : "") + std::to_string(length);
    axes.push_back(length);
  }
  if (total > most_bytes) fail(name, ": declares ", text, " bytes; expected ", most_bytes, " at most");
  if (total / deflate_ratio > file_size)
    fail(name, ": declares ", text, " bytes, more than ", file_size,
         " packed ones can hold; expected as many as it has");
  return {axes.begin(), axes.end()};
}

IdxFile read(const std::filesystem::path& file, int rank) {
  const std::string name = file.string();
  PackedFile packed(file);
  std::vector<std::uint8_t> header(4 + 4 * rank);
  if (const std::size_t found = packed.read(header.data(), header.size()); found < header.size())
    fail(name, ": ends after ", found, " bytes; expected a header of ", header.size());
  check_kind(name, header.data(), rank);

  IdxFile idx{declared_shape(name, header.data() + 4, rank, std::filesystem::file_size(file)), {}, {}};
  idx.values.resize(idx.shape.size());
  const std::size_t expected = header.size() + idx.values.size();
  const std::size_t found = header.size() + packed.read(idx.values.data(), idx.values.size());
  if (found < expected)
    fail(name, ": ends after ", found, " bytes; expected ", expected, ", as its header declares ", idx.shape);
  if (std::uint8_t more; packed.read(&more, 1) == 1)
    fail(name, ": goes on after ", expected, " bytes; expected its end, as its header declares ", idx.shape);
  idx.sha256 = sha256({header, idx.values});
  return idx;
}

}  // namespace

IdxFile read_idx(const std::filesystem::path& file, int rank, const std::string& advice) {
  try {
    return read(file, rank);
  } catch (const Error& error) {
    fail(error.what(), "; ", advice);
  }
}

}  // namespace tapestry
