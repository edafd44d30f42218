// Options: one object of a configuration while it is being read, key by key, with types and ranges checked.
//
//   Options training = root.object("training");
//   Index batch = training.integer("batch", 128, 1, 65536);
//
// A mistake does not throw: it is added to the problems, and reading goes on with a stand-in, so that one run shows all
// of them. What was read, defaults included, is written to the resolved configuration.
#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>

#include "apps/common/json_source.hpp"
#include "autograd/shape.hpp"

namespace tapestry {

struct Reading {  // what all Options of one configuration share
  const JsonSource& source;
  Problems& problems;
  Json& resolved;
};

constexpr std::nullopt_t required = std::nullopt;  // in place of a default: the key has to be there

// Real numbers that are allowed.
struct Range {
  double low, high;
  bool without_low = false, without_high = false;  // are the bounds themselves refused?

  static Range any() { return {-largest, largest}; }
  static Range above(double low) { return {low, largest, true}; }
  static Range from(double low) { return {low, largest}; }
  static Range from_to(double low, double high) { return {low, high}; }
  static Range from_below(double low, double high) { return {low, high, false, true}; }
  bool holds(double x) const;
  std::string text() const;  // a number from 0 to 1

  static constexpr double largest = std::numeric_limits<float>::max();
};

class Options {
 public:
  explicit Options(Reading reading);  // the whole configuration
  ~Options();                         // a key that nobody asked for is a problem
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  // Without a default the key is required. Bounds are included.
  std::int64_t integer(const std::string& key, std::optional<std::int64_t> otherwise, std::int64_t low,
                       std::int64_t high);
  std::optional<Index> optional_integer(const std::string& key, Index low, Index high);  // nothing if it is not there
  double real(const std::string& key, std::optional<double> otherwise, Range range);
  bool boolean(const std::string& key, std::optional<bool> otherwise);
  std::string text(const std::string& key, std::optional<std::string> otherwise);
  std::string word(const std::string& key, std::optional<std::string> otherwise,
                   const std::vector<std::string>& allowed);
  // Height and width: 4 or [4, 3].
  std::pair<int, int> pair(const std::string& key, const std::optional<Json>& otherwise, int low, int high);
  std::vector<Index> integers(const std::string& key, std::size_t most, Index low, Index high);

  // One of some words, each standing for a value.
  template <class E>
  using Words = std::vector<std::pair<std::string, E>>;
  template <class E>
  E choice(const std::string& key, std::optional<E> otherwise, const Words<E>& words);

  // The general case: `convert` returns nothing for a value that is not as `expected` says; the default is given as it
  // would stand in the file.
  template <class T>
  std::optional<T> value(const std::string& key, const std::optional<Json>& otherwise, const std::string& expected,
                         const std::function<std::optional<T>(const Json&)>& convert);

  bool has(const std::string& key) const { return object_.contains(key); }
  bool has_object(const std::string& key) const { return has(key) && object_[key].is_object(); }
  Options object(const std::string& key);  // a missing one is read as an empty one
  // Calls `read` for something that has a type: {"type": "adam", ...}, or its word alone where the rest has defaults.
  // The type is one of `types`; otherwise that is the problem, and nothing is read.
  void typed(const std::string& key, const std::vector<std::string>& types,
             const std::function<void(const std::string& type, Options& options)>& read);
  // Calls `read` for each object of a list, which must not be empty.
  void each(const std::string& key, const std::function<void(Options&)>& read);

  // Adds a problem with one key (which need not be there), or with the whole object.
  void problem(const std::string& key, const std::string& what);
  void problem(const std::string& what);
  // Writes what the program derived to the resolved configuration.
  void resolve(const std::string& key, Json value);
  // No further problems from here: the object's kind is unknown, so nothing is known of its keys.
  void ignore_the_rest() { ignored_ = true; }

  // A key that means nothing here, but is no mistake either.
  void ignore(const std::string& key) { known_.push_back(key); }

  const std::string& path() const { return path_; }                   // /generator/3
  const std::string& file() const { return reading_.source.name(); }  // config.json
  Place place() const { return reading_.source.place_of_value(path_); }
  std::size_t problems() const { return reading_.problems.count(); }  // of the whole configuration, up to now

 private:
  Options(Reading reading, std::string path, const Json* value, bool ignored);
  const Json* find(const std::string& key, const std::optional<Json>& otherwise, const std::string& expected);
  void wrong(const std::string& key, const std::string& expected, const std::string& hint = "");

  Reading reading_;
  std::string path_;
  Json object_ = Json::object();  // as it was given, and the defaults of what was read
  std::vector<std::string> known_;
  bool ignored_ = false;
};

template <class T>
std::optional<T> Options::value(const std::string& key, const std::optional<Json>& otherwise,
                                const std::string& expected,
                                const std::function<std::optional<T>(const Json&)>& convert) {
  const Json* given = find(key, otherwise, expected);
  if (!given) return {};
  std::optional<T> converted = convert(*given);
  if (converted)
    resolve(key, *given);
  else
    wrong(key, expected);
  return converted;
}

template <class E>
E Options::choice(const std::string& key, std::optional<E> otherwise, const Words<E>& words) {
  std::vector<std::string> allowed;
  std::optional<std::string> default_word;
  for (const auto& [word, value] : words) {
    allowed.push_back(word);
    if (otherwise == value) default_word = word;
  }
  const std::string chosen = word(key, default_word, allowed);
  for (const auto& [word, value] : words)
    if (word == chosen) return value;
  return words.front().second;
}

}  // namespace tapestry
