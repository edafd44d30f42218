// Files: whole, or not at all.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "apps/common/file.hpp"
#include "autograd/error.hpp"
#include "tests/temporary_folder.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

// While it lives, no file may grow beyond `bytes`: the system refuses to write as a full disk would.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

const std::string any_bytes("a\0b\r\n\xff", 6);

}  // namespace

TEST_CASE("write_file and read_file keep every byte") {
  const TemporaryFolder folder;
  for (const std::string& bytes : {std::string(), any_bytes, std::string(3'000'000, 'x')}) {
    write_file(folder / "file", bytes);
    CHECK(read_file(folder / "file") == bytes);
    CHECK(folder.files() == 1);
  }
}

TEST_CASE("read_file says why it cannot read") {
  const TemporaryFolder folder;
  const std::string missing = folder / "missing";
  CHECK_THROWS_WITH_AS(read_file(missing),
                       (missing + ": cannot be read: No such file or directory; expected a readable file").c_str(),
                       Error);
  CHECK_THROWS_WITH_AS(read_file(folder.path()), (folder.path() + ": is a folder; expected a file").c_str(), Error);
  const std::string big = folder / "big";
  write_file(big, "12345");
  CHECK(read_file(big, 5) == "12345");
  CHECK_THROWS_WITH_AS(read_file(big, 4), (big + ": has more than 4 bytes; expected at most that many").c_str(), Error);
}

TEST_CASE("read_file reads what does not know its own length") {
  CHECK(read_file("/dev/null").empty());
  CHECK_THROWS_WITH_AS(read_file("/dev/zero", 100'000),
                       "/dev/zero: has more than 100000 bytes; expected at most that many", Error);
}

TEST_CASE("write_file on a full disk keeps the old file and leaves nothing else") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  write_file(path, "old");
  std::string message;
  {
    const FullDisk full(1000);
    try {
      write_file(path, std::string(5000, 'x'));
    } catch (const Error& error) {
      message = error.what();
    }
  }
  CHECK(message == path + ": cannot be written: File too large; expected a writable folder with free space");
  CHECK(read_file(path) == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("write_file refuses what is no place for a file") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(write_file(folder.path(), "x"),
                       (folder.path() + ": is a folder; expected a file, or nothing yet").c_str(), Error);
  const std::string pipe = folder / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(write_file(pipe, "x"), (pipe + ": is a device or pipe; expected a file, or nothing yet").c_str(),
                       Error);
  CHECK(fs::is_fifo(pipe));
  const std::string nowhere = folder / "nowhere/file";
  CHECK_THROWS_WITH_AS(
      write_file(nowhere, "x"),
      (nowhere + ": cannot be written: No such file or directory; expected a writable folder with free space").c_str(),
      Error);
  write_file(folder / "file", "x");
  CHECK_THROWS_AS(write_file(folder / "file/inside", "x"), Error);
  CHECK(folder.files() == 2);
}

TEST_CASE("write_file replaces the file behind a symbolic link, not the link") {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  fs::create_symlink("file", folder / "link");
  write_file(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read_file(folder / "file") == "new");
}

TEST_CASE("write_file works in the working directory, and over what a crash left") {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file("file.part-" + std::to_string(getpid()), "half a file that is longer");
  write_file("file", "whole");
  const std::string found = read_file("file");
  fs::current_path(before);
  CHECK(found == "whole");
  CHECK(folder.files() == 1);
}

TEST_CASE("a text log hands over every line at once and continues an old file") {
  const TemporaryFolder folder;
  TextLog log(folder / "log.csv");
  log.append("step,loss");
  log.append("1,0.5");
  CHECK(read_file(folder / "log.csv") == "step,loss\n1,0.5\n");
  log.close();
  TextLog(folder / "log.csv").append("2,0.25");
  CHECK(read_file(folder / "log.csv") == "step,loss\n1,0.5\n2,0.25\n");
}

TEST_CASE("a text log on a full device says so") {
  if (!fs::is_character_file("/dev/full")) {
    MESSAGE("skipped: no device /dev/full");
    return;
  }
  TextLog device("/dev/full");
  CHECK_THROWS_WITH_AS(
      device.append("1,0.5"),
      "/dev/full: cannot be written: No space left on device; expected a writable folder with free space", Error);
}

TEST_CASE("a text log on a full disk keeps whole lines") {
  const TemporaryFolder folder;
  const std::string path = folder / "log.csv";
  TextLog log(path);
  log.append("whole");
  std::string message;
  {
    const FullDisk full(10);
    try {
      log.append("does not fit any more");
    } catch (const Error& error) {
      message = error.what();
    }
  }
  CHECK(message == path + ": cannot be written: File too large; expected a writable folder with free space");
  CHECK(read_file(path) == "whole\n");
  log.append("again");
  CHECK(read_file(path) == "whole\nagain\n");
}

TEST_CASE("a text log says why it cannot be opened") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(
      TextLog{folder.path()},
      (folder.path() + ": cannot be written: Is a directory; expected a writable folder with free space").c_str(),
      Error);
}
