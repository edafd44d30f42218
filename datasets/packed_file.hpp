// PackedFile: a file read from front to back, unpacked on the way if it is gzip-packed (RFC 1952), and read as it is if
// not. zlib's own gzread takes a truncated file for a shorter one and ignores what follows the packed data; here both
// are errors.
#pragma once
#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

namespace tapestry {

class PackedFile {
 public:
  // Error when the file cannot be opened or read.
  explicit PackedFile(const std::filesystem::path& file);
  ~PackedFile();
  PackedFile(const PackedFile&) = delete;
  PackedFile& operator=(const PackedFile&) = delete;

  // Writes the next `count` unpacked bytes and returns their number: fewer only at the end of the file. Error when the
  // packed data is damaged (its checksum included), cut short, or followed by anything else.
  std::size_t read(std::uint8_t* into, std::size_t count);

 private:
  void refill();
  void copy();
  void unpack();

  std::filesystem::path name_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  std::vector<std::uint8_t> buffer_;
  z_stream stream_{};  // from buffer_ to where read() wants it, for plain files too
  bool packed_ = false;
  bool whole_ = false;  // a packed member has just ended: here the file may end too
};

}  // namespace tapestry
