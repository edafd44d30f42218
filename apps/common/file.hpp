// Files: read whole, replaced safely, or appended to line by line. Every answer of the system is looked at.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tapestry {

// An open file that closes itself. Its functions throw std::system_error; those below turn that into an Error.
class FileDescriptor {
 public:
  FileDescriptor(const std::string& path, int flags);  // as open(2) has them
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  std::string read(std::size_t most);  // until the end, or one byte more than `most`
  void write(std::string_view bytes);  // all of them
  void sync();                         // down to the disk
  void close();                        // some file systems only find out now that a write failed
  std::int64_t size() const;
  void truncate(std::int64_t size);

 private:
  int number_;
};

// All bytes of a file. Errors, with the system's reason: missing, a folder, more bytes than `most`, unreadable.
std::string read_file(const std::string& path, std::size_t most = std::size_t{4} << 30);

// Replaces a file, or creates it: readers find the old bytes or the new ones and never a part, even if the power fails.
// On any error the old file stays as it was and nothing is left beside it. A symbolic link is followed; a folder or a
// device is refused.
void write_file(const std::string& path, std::string_view bytes);

// A text file that grows by whole lines, each handed to the system at once: a crash of the program loses none.
class TextLog {
 public:
  explicit TextLog(const std::string& path);  // created if missing, otherwise continued at its end
  void append(std::string_view line);         // without the line break; on an error (disk full) no part of it stays
  void close();                               // checked, unlike the destructor's

 private:
  std::string path_;
  FileDescriptor file_;
};

}  // namespace tapestry
