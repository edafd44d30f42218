// What the programs that measure time share.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/common/json_source.hpp"

namespace tapestry {

double seconds(const std::function<void()>& f);
double median(std::vector<double> values);
std::string percent(double share);  // 87 %

// A report that several programs write to: each puts its own keys into the file and leaves the others as they are.
void add_to_report(const std::string& file, const Json& keys);

// The words that a program prints, from a command of the shell: a peer under apps/bench/peers/. Error if it fails; what
// it says of that itself is on standard error.
std::vector<std::string> words_of(const std::string& command, std::size_t expected);

}  // namespace tapestry
