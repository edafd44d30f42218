// What has become slower since a report was stored: shares of the machine's peak, of two files that `make bench` wrote.
//
//   ./apps/bench/compare stored.json build/bench.json
//
// A share that is gone by more than a tenth of what it was counts as lost; what only one report has is left out. Exit
// codes: 0 nothing is lost; 1 something is; 2 a file or the command line is wrong.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "apps/common/benchmark.hpp"
#include "autograd/error.hpp"

using namespace tapestry;

namespace {

constexpr double tolerated = 0.1;

struct Share {
  std::string what;
  double before, now;
  double change() const { return now / before - 1; }
};

// Everywhere below both, where a share of the peak stands.
void collect(const std::string& what, const Json& before, const Json& now, std::vector<Share>& shares) {
  if (!before.is_object() || !now.is_object()) return;
  for (const auto& [key, value] : before.items()) {
    if (!now.contains(key)) continue;
    if (key == "share_of_peak" && value.is_number() && now[key].is_number())
      shares.push_back({what, value, now[key]});
    else
      collect(what.empty() ? key : what + ", " + key, value, now[key], shares);
  }
}

int compare(const std::string& stored, const std::string& present) {
  std::vector<Share> shares;
  collect("", JsonSource::from_file(stored).document(), JsonSource::from_file(present).document(), shares);
  if (shares.empty())
    fail(stored, " and ", present, ": have no share of the peak in common; expected reports of make bench");
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.change() < b.change(); });
  std::printf("%-84s %8s %8s %8s\n", "share of the peak, what lost most first", "before", "now", "change");
  std::size_t lost = 0;
  for (const Share& s : shares) {
    const bool is_lost = s.change() < -tolerated;
    lost += is_lost;
    std::printf("%-84s %8s %8s %+7.0f %%%s\n", s.what.c_str(), percent(s.before).c_str(), percent(s.now).c_str(),
                s.change() * 100, is_lost ? "  LOST" : "");
  }
  std::printf("%zu of %zu lost more than %.0f %%\n", lost, shares.size(), tolerated * 100);
  return lost ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: bench/compare STORED.json REPORT.json\n";
    return 2;
  }
  try {
    return compare(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
