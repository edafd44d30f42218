// Steps of two versions of the project in turn, in one process: good and bad moments of the machine meet both alike.
//
//   make bench-against OLD=../older_checkout RECIPES="S3 S4"
//
// For each recipe the median of a step's time in the older version and in this one, and the quartiles of their ratio,
// round by round. Below, operations that take more of the step's time, or less.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "../recipe_run.hpp"
#include "side.hpp"

namespace {

double quantile(std::vector<double> values, double share) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

void compare(const std::string& recipe, int rounds) {
  const Side* const sides[] = {&older_version, &this_version};
  std::map<std::string, std::vector<double>> parts[2];
  std::vector<double> steps[2], ratios;
  for (const Side* side : sides) side->prepare(recipe);
  for (int round = 0; round < rounds; ++round) {
    for (int turn = 0; turn < 2; ++turn) {
      const int which = (round + turn) % 2;
      double step = 0;
      for (const auto& [what, time] : sides[which]->step()) {
        parts[which][what].push_back(time);
        step += time;
      }
      steps[which].push_back(step);
    }
    ratios.push_back(steps[1].back() / steps[0].back());
  }
  const double before = quantile(steps[0], 0.5);
  std::printf("%-30s %10.2f %10.2f %10.3f   %.3f ... %.3f\n", recipe.c_str(), before * 1e3,
              quantile(steps[1], 0.5) * 1e3, quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75));
  for (const auto& [what, times] : parts[0]) {
    const auto now = parts[1].find(what);
    if (now == parts[1].end()) continue;
    const double old_time = quantile(times, 0.5), new_time = quantile(now->second, 0.5);
    if (std::abs(new_time - old_time) > 0.001 * before)
      std::printf("  %-28s %10.2f %10.2f %+10.2f\n", what.c_str(), old_time * 1e3, new_time * 1e3,
                  (new_time - old_time) * 1e3);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compares training steps of two versions in turn; run it from the project's folder.", "bench/against");
  std::vector<std::string> recipes, known;
  for (const tapestry::Recipe& recipe : tapestry::recipes) known.push_back(recipe.name);
  int rounds = 24;
  app.add_option("recipes", recipes, "which recipes; all unless told")->check(CLI::IsMember(known));
  app.add_option("--rounds", rounds, "how many steps of each")->check(CLI::Range(1, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  std::printf("%-30s %10s %10s %10s   %s\n", "ms a step", "before", "now", "ratio", "quartiles");
  for (const std::string& recipe : recipes.empty() ? known : recipes) compare(recipe, rounds);
}
