// What README and docs show is what stands in the sources, and what the programs say.
#include <doctest/doctest.h>

#include <sstream>

#include "tests/program.hpp"

using namespace tapestry;

namespace {

// The text between each ```language and ``` of a page.
std::vector<std::string> listings(const std::string& page, const std::string& language) {
  std::vector<std::string> all;
  std::istringstream lines(page);
  bool inside = false, wanted = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      wanted = inside && line == "```" + language;
      if (wanted) all.emplace_back();
    } else if (wanted) {
      all.back() += line + "\n";
    }
  }
  return all;
}

bool stands_in_a_source(const std::string& listing) {
  for (const char* folder : {"apps", "autograd", "layers", "optim", "datasets"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp")
        if (read_file(entry.path()).find(listing) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("every C++ listing of README and docs stands in a source file") {
  std::size_t count = 0;
  std::vector<std::filesystem::path> pages{"README.md"};
  for (const auto& entry : std::filesystem::directory_iterator("docs"))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  for (const auto& page : pages)
    for (const std::string& listing : listings(read_file(page), "cpp")) {
      INFO(page.string(), ":\n", listing);
      CHECK(stands_in_a_source(listing));
      ++count;
    }
  CHECK(count >= 2);
}

TEST_CASE("the README's example prints what the README says") {
  const Ending ending = run_program("first_tape", {}, TemporaryFolder());
  CHECK(ending.code() == 0);
  CHECK(listings(read_file("README.md"), "").front() == ending.out);
}

TEST_CASE("--help says what a program is for, and nothing is done") {
  const auto help = [](const std::string& program) {
    const TemporaryFolder folder;
    const Ending ending = run_program(program, {"--help"}, folder);
    CHECK(ending.code() == 0);
    CHECK(ending.err == "");
    CHECK(ending.out.find("Usage: " + program + " [OPTIONS]") != std::string::npos);
    CHECK(folder.files() == 0);
    return ending.out;
  };
  help("bench/kernels");
  const std::string exit_codes = "Exit codes: 0 done; 1 failed while running; 2 command line or configuration wrong;";
  for (const char* program : {"mnist_dcgan", "generate", "ablate"})
    CHECK(help(program).find(exit_codes) != std::string::npos);
  const std::string generate = help("generate");
  for (const char* part : {"rows of the grid, 1 to 100\n", "frames of the walk, 2 to 10000\n"})
    CHECK_MESSAGE(generate.find(part) != std::string::npos, part, " is missing in\n", generate);
  CHECK(generate.find("INT") == std::string::npos);
  CHECK(help("ablate").find("1,2,3 unless told") != std::string::npos);
}

TEST_CASE("the benchmark of the kernels wants to know its report") {
  const Ending ending = run_program("bench/kernels", {}, TemporaryFolder());
  CHECK(ending.code() == 2);
  CHECK(ending.err == "error: report is required; bench/kernels --help says what there is\n");
}
