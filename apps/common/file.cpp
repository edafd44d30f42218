#include "apps/common/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "autograd/error.hpp"

namespace tapestry {
namespace {

void require(bool success) {
  if (!success) throw std::system_error(errno, std::generic_category());
}

constexpr std::size_t piece = std::size_t{1} << 30;  // macOS refuses to read or write 2 GiB in one call

// Runs `call` until no signal interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  require(result >= 0);
  return result;
}

// A new name in a folder is safe only when the folder itself has reached the disk.
void sync_folder_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  FileDescriptor descriptor(folder.string(), O_RDONLY | O_DIRECTORY);
  try {
    descriptor.sync();
  } catch (const std::system_error& error) {
    if (error.code().value() != EINVAL) throw;  // a file system that cannot sync folders says so with EINVAL
  }
}

void replace_file(const std::string& target, const std::string& temporary, std::string_view bytes) {
  FileDescriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  file.write(bytes);
  file.sync();
  file.close();
  require(std::rename(temporary.c_str(), target.c_str()) == 0);
}

[[noreturn]] void fail_to_write(const std::string& path, const std::system_error& error) {
  fail(path, ": cannot be written: ", error.code().message(), "; expected a writable folder with free space");
}

}  // namespace

FileDescriptor::FileDescriptor(const std::string& path, int flags)
    : number_(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); })) {}

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string FileDescriptor::read(std::size_t most) {
  std::string bytes;
  std::size_t filled = 0;
  // One byte more than the file is said to have, so that its end shows without growing.
  bytes.resize(std::min(most, static_cast<std::size_t>(size())) + 1);
  while (true) {
    const std::size_t room = std::min(bytes.size() - filled, piece);
    const auto got = uninterrupted([&] { return ::read(number_, bytes.data() + filled, room); });
    filled += static_cast<std::size_t>(got);
    if (got == 0 || filled > most) break;
    if (filled == bytes.size()) bytes.resize(std::min(most + 1, 2 * filled + 4096));
  }
  bytes.resize(filled);
  return bytes;
}

void FileDescriptor::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.size(), piece);
    bytes.remove_prefix(
        static_cast<std::size_t>(uninterrupted([&] { return ::write(number_, bytes.data(), length); })));
  }
}

// Never tried twice: after a failed fsync the system has forgotten what it could not write.
void FileDescriptor::sync() { require(::fsync(number_) == 0); }

void FileDescriptor::close() {
  const int answer = ::close(std::exchange(number_, -1));
  require(answer == 0 || errno == EINTR);  // interrupted, it is closed all the same
}

std::int64_t FileDescriptor::size() const {
  struct stat status {};
  require(::fstat(number_, &status) == 0);
  return status.st_size;
}

void FileDescriptor::truncate(std::int64_t size) { require(::ftruncate(number_, size) == 0); }

std::string read_file(const std::string& path, std::size_t most) {
  try {
    if (std::filesystem::is_directory(path)) fail(path, ": is a folder; expected a file");
    std::string bytes = FileDescriptor(path, O_RDONLY).read(most);
    if (bytes.size() > most) fail(path, ": has more than ", most, " bytes; expected at most that many");
    return bytes;
  } catch (const std::system_error& error) {
    fail(path, ": cannot be read: ", error.code().message(), "; expected a readable file");
  }
}

void write_file(const std::string& path, std::string_view bytes) {
  namespace fs = std::filesystem;
  try {
    if (fs::exists(path) && !fs::is_regular_file(path))
      fail(path, ": is a ", fs::is_directory(path) ? "folder" : "device or pipe", "; expected a file, or nothing yet");
    const std::string target = fs::is_symlink(path) ? fs::canonical(path).string() : path;
    const std::string temporary = target + ".part-" + std::to_string(::getpid());
    try {
      replace_file(target, temporary, bytes);
    } catch (const std::system_error&) {
      ::unlink(temporary.c_str());
      throw;
    }
    sync_folder_of(target);
  } catch (const std::system_error& error) {
    fail_to_write(path, error);
  }
}

TextLog::TextLog(const std::string& path) try : path_(path), file_(path, O_WRONLY | O_CREAT | O_APPEND) {
} catch (const std::system_error& error) {
  fail_to_write(path, error);
}

void TextLog::append(std::string_view line) {
  std::int64_t whole_lines = 0;
  try {
    whole_lines = file_.size();
    file_.write(std::string(line) + '\n');
  } catch (const std::system_error& error) {
    try {
      file_.truncate(whole_lines);
    } catch (const std::system_error&) {  // a device has no length; the first error is the one to report
    }
    fail_to_write(path_, error);
  }
}

void TextLog::close() {
  try {
    file_.sync();
    file_.close();
  } catch (const std::system_error& error) {
    fail_to_write(path_, error);
  }
}

}  // namespace tapestry
