#include "apps/common/benchmark.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>

#include "apps/common/file.hpp"
#include "autograd/error.hpp"

namespace tapestry {

double seconds(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

void add_to_report(const std::string& file, const Json& keys) {
  Json report = std::filesystem::exists(file) ? JsonSource::from_file(file).document() : Json::object();
  report.update(keys);
  write_file(file, report.dump(2) + "\n");
}

std::vector<std::string> words_of(const std::string& command, std::size_t expected) {
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (!pipe) fail(command, ": cannot be started; expected a shell to run it");
  std::string said;
  for (int c; (c = std::fgetc(pipe)) != EOF;) said += static_cast<char>(c);
  const int status = pclose(pipe);
  std::istringstream text(said);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  if (status != 0 || words.size() != expected)
    fail(command, ": ended with ", words.size(), " words", status ? " and an error" : "", "; expected ", expected,
         "; run it by itself, from the project's folder, to see why");
  return words;
}

}  // namespace tapestry
