#include "datasets/tar.hpp"

#include <algorithm>
#include <numeric>

#include "autograd/error.hpp"

namespace tapestry {
namespace {

constexpr std::size_t block_size = 512;
constexpr std::uint64_t most_filling =
    1 << 20;  // zeros behind the end: writers fill up to 10,240 bytes or somewhat more

// Text of a field, up to the first NUL.
std::string text(const std::uint8_t* field, std::size_t length) {
  return {field, std::find(field, field + length, std::uint8_t{0})};
}

// A number in octal digits, with spaces before and a space or NUL behind. 11 digits are 8 GiB: nothing overflows.
std::optional<std::uint64_t> octal(const std::uint8_t* field, std::size_t length) {
  std::string digits = text(field, length);
  digits.erase(0, digits.find_first_not_of(' '));
  if (const auto end = digits.find_last_not_of(' '); end != std::string::npos) digits.resize(end + 1);
  if (digits.empty() || digits.find_first_not_of("01234567") != std::string::npos) return std::nullopt;
  return std::stoull(digits, nullptr, 8);
}

bool all_zero(const std::vector<std::uint8_t>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// The sum of the header's bytes, those of the sum itself (148 to 155) counted as spaces.
bool sum_is_right(const std::vector<std::uint8_t>& block) {
  const std::uint64_t sum = std::accumulate(block.begin(), block.begin() + 148, std::uint64_t{8} * ' ') +
                            std::accumulate(block.begin() + 156, block.end(), std::uint64_t{0});
  return octal(&block[148], 8) == sum;
}

}  // namespace

TarReader::TarReader(const std::filesystem::path& archive)
    : name_(archive.string()), packed_(archive), block_(block_size) {}

std::optional<TarReader::Member> TarReader::next() {
  for (;;) {
    skip(unread_);
    if (!read_header()) return std::nullopt;
    const char type = static_cast<char>(block_[156]);
    if (type != '0' && type != '\0') continue;
    const std::string prefix = text(&block_[257], 5) == "ustar" ? text(&block_[345], 155) : "";
    return Member{(prefix.empty() ? "" : prefix + "/") + text(&block_[0], 100), size_};
  }
}

std::vector<std::uint8_t> TarReader::content() {
  std::vector<std::uint8_t> bytes(size_);
  if (const std::size_t found = packed_.read(bytes.data(), bytes.size()); found < size_)
    fail(name_, ": ends after ", found, " of a member's ", size_, " bytes; expected a whole archive");
  unread_ -= size_;
  return bytes;
}

bool TarReader::read_header() {
  if (packed_.read(block_.data(), block_size) < block_size)
    fail(name_, ": ends without the blocks of zeros at the end of an archive; expected a whole archive");
  if (all_zero(block_)) {
    check_end();
    return false;
  }
  const std::optional<std::uint64_t> size = octal(&block_[124], 12);
  if (!sum_is_right(block_) || !size)
    fail(name_, ": has a member whose header is damaged; expected a tar archive, packed with gzip or not");
  size_ = *size;
  unread_ = (size_ + block_size - 1) / block_size * block_size;
  return true;
}

void TarReader::skip(std::uint64_t count) {
  std::vector<std::uint8_t> passed(std::min<std::uint64_t>(count, 1 << 16));
  for (std::uint64_t left = count; left > 0;) {
    const std::size_t wanted = std::min<std::uint64_t>(left, passed.size());
    if (packed_.read(passed.data(), wanted) < wanted)
      fail(name_, ": ends in the middle of a member; expected a whole archive");
    left -= wanted;
  }
  unread_ = 0;
}

// Reads on to the end of the file: only there does gzip say whether all was well.
void TarReader::check_end() {
  std::vector<std::uint8_t> filling(most_filling + 1);
  filling.resize(packed_.read(filling.data(), filling.size()));
  if (filling.size() > most_filling || !all_zero(filling))
    fail(name_, ": goes on behind the end of the archive; expected its end");
}

}  // namespace tapestry
