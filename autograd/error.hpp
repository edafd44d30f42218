// Errors: one exception, raised by one function, in one form: `who: what came; what was expected; what to do`.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace tapestry {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws Error with all parts written one after another, as `<<` prints them.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace tapestry
