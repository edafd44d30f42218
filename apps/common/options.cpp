#include "apps/common/options.hpp"

#include <algorithm>
#include <charconv>

namespace tapestry {

// The shortest decimal that a float reads back as the same number: .99, where a float holds 0.99000000953674316.
static Json decimal(double x) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<float>(x)).ptr;
  return Json::parse(digits, end);
}

static std::optional<std::int64_t> as_integer(const Json& value) {
  if (!value.is_number_integer()) return {};  // true and 3.7 are none, nor is 1e3
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) return {};
  return value.get<std::int64_t>();
}

static std::string integer_from(std::int64_t low, std::int64_t high) {
  return "an integer from " + std::to_string(low) + " to " + std::to_string(high);
}

bool Range::holds(double x) const {
  return (without_low ? x > low : x >= low) && (without_high ? x < high : x <= high);
}

std::string Range::text() const {
  const std::string from = decimal(low).dump(), to = decimal(high).dump();
  if (low == -largest) return "a number";
  if (high == largest) return without_low ? "a number above " + from : "a number of " + from + " or more";
  return "a number from " + from + (without_high ? " to below " : " to ") + to;
}

Options::Options(Reading reading) : Options(reading, "", &reading.source.document(), false) {}

Options::Options(Reading reading, std::string path, const Json* value, bool ignored)
    : reading_(reading), path_(std::move(path)), ignored_(ignored) {
  if (!ignored_) reading_.resolved[Json::json_pointer(path_)] = Json::object();
  if (!value) return;
  if (value->is_object()) {
    object_ = *value;
  } else {
    problem("is " + shown(*value) + "; expected an object");
    ignored_ = true;
  }
}

Options::~Options() {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string path = path_to(path_, key);
    const std::string meant = nearest(key, known_);
    const std::string hint = meant.empty() ? "expected one of " + quoted(known_) : "did you mean \"" + meant + "\"?";
    if (!ignored_) reading_.problems.add(reading_.source.place_of_key(path), path + " is not a known key; " + hint);
  }
}

// The value under a key, or its default; null, with a problem, if there is neither.
const Json* Options::find(const std::string& key, const std::optional<Json>& otherwise, const std::string& expected) {
  known_.push_back(key);
  if (!has(key) && otherwise) object_[key] = *otherwise;
  if (has(key)) return &object_[key];
  problem(key, "is missing; expected " + expected);
  return nullptr;
}

void Options::problem(const std::string& key, const std::string& what) {
  const std::string path = path_to(path_, key);
  if (!ignored_) reading_.problems.add(reading_.source.place_of_value(path), path + " " + what);
}

void Options::problem(const std::string& what) {
  if (!ignored_) reading_.problems.add(place(), (path_.empty() ? "the configuration" : path_) + " " + what);
}

void Options::wrong(const std::string& key, const std::string& expected, const std::string& hint) {
  problem(key, "is " + shown(object_[key]) + "; expected " + expected + hint);
}

void Options::resolve(const std::string& key, Json value) {
  if (!ignored_) reading_.resolved[Json::json_pointer(path_to(path_, key))] = std::move(value);
}

std::int64_t Options::integer(const std::string& key, std::optional<std::int64_t> otherwise, std::int64_t low,
                              std::int64_t high) {
  const auto convert = [&](const Json& value) {
    const std::optional<std::int64_t> number = as_integer(value);
    return number && *number >= low && *number <= high ? number : std::nullopt;
  };
  return value<std::int64_t>(key, otherwise, integer_from(low, high), convert).value_or(otherwise.value_or(low));
}

std::optional<Index> Options::optional_integer(const std::string& key, Index low, Index high) {
  if (has(key)) return integer(key, required, low, high);
  known_.push_back(key);
  return {};
}

double Options::real(const std::string& key, std::optional<double> otherwise, Range range) {
  const auto convert = [&](const Json& value) -> std::optional<double> {
    if (!value.is_number() || !range.holds(value.get<double>())) return {};
    return value.get<double>();
  };
  const auto as_written = otherwise ? std::optional<Json>(decimal(*otherwise)) : std::nullopt;
  return value<double>(key, as_written, range.text(), convert).value_or(otherwise.value_or(range.low));
}

bool Options::boolean(const std::string& key, std::optional<bool> otherwise) {
  const auto convert = [](const Json& value) -> std::optional<bool> {
    if (!value.is_boolean()) return {};
    return value.get<bool>();
  };
  return value<bool>(key, otherwise, "true or false", convert).value_or(false);
}

std::string Options::text(const std::string& key, std::optional<std::string> otherwise) {
  const auto convert = [](const Json& value) -> std::optional<std::string> {
    if (!value.is_string() || value.get<std::string>().empty()) return {};
    return value.get<std::string>();
  };
  return value<std::string>(key, otherwise, "text in double quotes", convert).value_or("");
}

std::string Options::word(const std::string& key, std::optional<std::string> otherwise,
                          const std::vector<std::string>& allowed) {
  const std::string expected = "one of " + quoted(allowed);
  const Json* given = find(key, otherwise, expected);
  if (!given) return "";
  const std::string word = given->is_string() ? given->get<std::string>() : "";
  if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) {
    resolve(key, word);
    return word;
  }
  const std::string meant = nearest(word, allowed);
  wrong(key, expected, meant.empty() ? "" : "; did you mean \"" + meant + "\"?");
  return "";
}

std::pair<int, int> Options::pair(const std::string& key, const std::optional<Json>& otherwise, int low, int high) {
  using Pair = std::pair<int, int>;
  const auto convert = [&](const Json& value) -> std::optional<Pair> {
    const bool both = value.is_array() && value.size() == 2;
    const auto height = as_integer(both ? value[0] : value), width = as_integer(both ? value[1] : value);
    if (!height || !width || std::min(*height, *width) < low || std::max(*height, *width) > high) return {};
    return Pair(*height, *width);
  };
  const std::string expected = integer_from(low, high) + ", or a list of two, height and width";
  return value<Pair>(key, otherwise, expected, convert).value_or(Pair(low, low));
}

std::vector<Index> Options::integers(const std::string& key, std::size_t most, Index low, Index high) {
  const auto convert = [&](const Json& value) -> std::optional<std::vector<Index>> {
    if (!value.is_array() || value.empty() || value.size() > most) return {};
    std::vector<Index> numbers;
    for (const Json& entry : value) {
      const std::optional<std::int64_t> number = as_integer(entry);
      if (!number || *number < low || *number > high) return {};
      numbers.push_back(*number);
    }
    return numbers;
  };
  const std::string expected = "a list of 1 to " + std::to_string(most) + " integers from " + std::to_string(low) +
                               " to " + std::to_string(high);
  return value<std::vector<Index>>(key, required, expected, convert).value_or(std::vector<Index>());
}

Options Options::object(const std::string& key) {
  known_.push_back(key);
  return Options(reading_, path_to(path_, key), has(key) ? &object_[key] : nullptr, ignored_);
}

void Options::typed(const std::string& key, const std::vector<std::string>& types,
                    const std::function<void(const std::string& type, Options& options)>& read) {
  if (!has_object(key)) {
    const std::string type = word(key, required, types);
    if (type.empty()) return;
    object_[key] = Json{{"type", type}};
  }
  Options options = object(key);
  const std::string type = options.word("type", required, types);
  if (type.empty()) return options.ignore_the_rest();
  read(type, options);
}

void Options::each(const std::string& key, const std::function<void(Options&)>& read) {
  const Json* list = find(key, required, "a list of objects");
  if (!list) return;
  if (!list->is_array() || list->empty()) return wrong(key, "a list of at least one object");
  for (std::size_t i = 0; i < list->size(); ++i) {
    Options entry(reading_, path_to(path_, key) + "/" + std::to_string(i), &(*list)[i], ignored_);
    read(entry);
  }
}

}  // namespace tapestry
