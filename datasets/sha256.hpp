// SHA-256 (FIPS 180-4): the fingerprint by which a file is known to be the one it should be.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tapestry {

class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::uint8_t> bytes);
  std::string digest();  // of everything added, as 64 hexadecimal digits in lower case; to be asked once

 private:
  std::shared_ptr<void> context_;
};

// Of all parts one after another.
std::string sha256(const std::vector<std::span<const std::uint8_t>>& parts);

// Of a file as it lies on the disk, packed or not. Error when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace tapestry
