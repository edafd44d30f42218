// $TAPESTRY_DATA as a test wants it, and afterwards as it was.
#pragma once
#include <cstdlib>
#include <optional>
#include <string>

namespace tapestry {

class DataFolderVariable {
 public:
  explicit DataFolderVariable(const std::optional<std::string>& value) {
    if (const char* there = std::getenv(name)) before_ = there;
    set(value);
  }
  ~DataFolderVariable() { set(before_); }
  DataFolderVariable(const DataFolderVariable&) = delete;
  DataFolderVariable& operator=(const DataFolderVariable&) = delete;

 private:
  static constexpr const char* name = "TAPESTRY_DATA";
  static void set(const std::optional<std::string>& value) {
    if (value)
      ::setenv(name, value->c_str(), 1);
    else
      ::unsetenv(name);
  }
  std::optional<std::string> before_;
};

}  // namespace tapestry
