// What tests of data files share: bytes, put together and written to a folder of their own.
#pragma once
#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "autograd/error.hpp"
#include "tests/temporary_folder.hpp"

using Bytes = std::vector<std::uint8_t>;

// A fresh folder for files of data.
struct DataFolder : tapestry::TemporaryFolder {
  std::filesystem::path path = TemporaryFolder::path();

  // Folders in front of the name are made as needed; a file of that name goes first, since emptying it is slow.
  std::string write(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::filesystem::remove(path / name);
    std::ofstream(path / name, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return (path / name).string();
  }
};

inline Bytes gzip(Bytes bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes packed(deflateBound(&stream, bytes.size()));
  stream.next_in = bytes.data(), stream.avail_in = bytes.size();
  stream.next_out = packed.data(), stream.avail_out = packed.size();
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Bytes first(const Bytes& bytes, std::size_t count) { return {bytes.begin(), bytes.begin() + count}; }

inline Bytes counting(std::size_t count) {
  Bytes bytes(count);
  std::iota(bytes.begin(), bytes.end(), 0);
  return bytes;
}

inline std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const tapestry::Error& error) {
    return error.what();
  }
  return "no error";
}
