#include "datasets/packed_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "autograd/error.hpp"

namespace tapestry {

PackedFile::PackedFile(const std::filesystem::path& file)
    : name_(file), file_(std::fopen(file.c_str(), "rb"), std::fclose), buffer_(1 << 16) {
  if (!file_) fail(name_.string(), ": cannot be opened (", std::strerror(errno), "); expected a file to read");
  refill();
  packed_ = stream_.avail_in >= 2 && buffer_[0] == 0x1f && buffer_[1] == 0x8b;
  const int gzip_only = 16 + MAX_WBITS;
  if (packed_ && inflateInit2(&stream_, gzip_only) != Z_OK)
    fail(name_.string(), ": zlib cannot start unpacking; expected memory for it; free some");
}

PackedFile::~PackedFile() {
  if (packed_) inflateEnd(&stream_);
}

std::size_t PackedFile::read(std::uint8_t* into, std::size_t count) {
  const std::size_t at_once = std::size_t{1} << 30;  // zlib counts in 32 bits
  std::size_t done = 0;
  while (done < count) {
    const std::size_t wanted = std::min(count - done, at_once);
    stream_.next_out = into + done;
    stream_.avail_out = static_cast<uInt>(wanted);
    packed_ ? unpack() : copy();
    done += wanted - stream_.avail_out;
    if (stream_.avail_out > 0) break;
  }
  return done;
}

void PackedFile::refill() {
  stream_.next_in = buffer_.data();
  stream_.avail_in = static_cast<uInt>(std::fread(buffer_.data(), 1, buffer_.size(), file_.get()));
  if (std::ferror(file_.get()))
    fail(name_.string(), ": cannot be read (", std::strerror(errno), "); expected a file to read");
}

void PackedFile::copy() {
  while (stream_.avail_out > 0) {
    if (stream_.avail_in == 0) refill();
    if (stream_.avail_in == 0) return;
    const uInt count = std::min(stream_.avail_in, stream_.avail_out);
    std::memcpy(stream_.next_out, stream_.next_in, count);
    stream_.next_in += count, stream_.avail_in -= count;
    stream_.next_out += count, stream_.avail_out -= count;
  }
}

void PackedFile::unpack() {
  while (stream_.avail_out > 0) {
    if (stream_.avail_in == 0) refill();
    if (stream_.avail_in == 0 && whole_) return;
    if (stream_.avail_in == 0)
      fail(name_.string(), ": ends in the middle of its packed data; expected a whole gzip file");
    const bool next_member = whole_;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && next_member)
      fail(name_.string(), ": goes on after its packed data; expected a gzip file and nothing else");
    if (status != Z_OK && status != Z_STREAM_END)
      fail(name_.string(), ": its packed data is damaged (", stream_.msg ? stream_.msg : zError(status),
           "); expected a whole gzip file");
    whole_ = status == Z_STREAM_END;
    if (whole_) inflateReset(&stream_);
  }
}

}  // namespace tapestry
