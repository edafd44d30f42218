#include "apps/common/problems.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace tapestry {

std::string Place::text() const {
  return line == 0 ? name : name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void Problems::raise() const {
  if (all_.empty()) return;
  std::vector<Problem> sorted = all_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
  std::string lines;
  for (const Problem& problem : sorted)
    lines += (lines.empty() ? "" : "\n") + problem.place.text() + ": " + problem.what;
  throw ConfigurationError(lines);
}

// How many letters have to be inserted, removed or exchanged (Levenshtein, 1966), one row of the table at a time.
static std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t exchanged = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({exchanged, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = word.size();
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    const std::size_t longer = std::max(word.size(), candidate.size());
    if (distance < least && distance <= std::max<std::size_t>(2, longer / 3)) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

std::string quoted(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "\"" : ", \"") + word + "\"";
  return list;
}

}  // namespace tapestry
