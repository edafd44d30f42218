// Tar archives (POSIX.1-2017, pax, "ustar interchange format"), packed with gzip or not: one member after another, each
// a block of 512 bytes that names it, then its bytes, filled up with zeros to whole blocks; two blocks of zeros end it.
#pragma once
#include <optional>
#include <string>

#include "datasets/packed_file.hpp"

namespace tapestry {

class TarReader {
 public:
  explicit TarReader(const std::filesystem::path& archive);

  struct Member {
    std::string name;
    std::uint64_t size;
  };
  // The next ordinary file (folders and links are passed over), or nothing when the archive ends. Error when it is cut
  // short, damaged, or goes on behind its end.
  std::optional<Member> next();

  // The whole content of the member that next() gave last; to be called once, after a look at its size. Error when the
  // archive ends before.
  std::vector<std::uint8_t> content();

 private:
  bool read_header();
  void skip(std::uint64_t count);
  void check_end();

  std::string name_;
  PackedFile packed_;
  std::vector<std::uint8_t> block_;
  std::uint64_t size_ = 0, unread_ = 0;  // bytes of the member; those with their filling that are still to come
};

}  // namespace tapestry
