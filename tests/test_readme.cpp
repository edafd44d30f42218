// What the README shows is what the program says.
#include <doctest/doctest.h>

#include "apps/common/file.hpp"
#include "tests/program.hpp"

using namespace tapestry;

TEST_CASE("the README's example is the program, and its output is what the program prints") {
  const std::string readme = read_file("README.md"), source = read_file("apps/first_tape.cpp");
  const std::string body = source.substr(source.find("int main()"));
  CHECK(readme.find("```cpp\n" + body + "```") != std::string::npos);

  const Ending ending = run_program("first_tape", {}, TemporaryFolder());
  CHECK(ending.code() == 0);
  CHECK(readme.find("```\n" + ending.out + "```") != std::string::npos);
}
