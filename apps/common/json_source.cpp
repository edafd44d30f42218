#include "apps/common/json_source.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <sstream>

#include "apps/common/file.hpp"

namespace tapestry {

constexpr std::size_t most_bytes = 1 << 20;
constexpr int most_levels = 64;

// Reads objects and lists itself, since the library does not say where a value stands; leaves numbers, words and the
// escapes of strings to the library.
class JsonReader {
 public:
  JsonReader(JsonSource& source, const std::string& text) : source_(source), text_(text) {}

  Json read() {
    Json document = value("", 0);
    skip_space();
    if (at_ < text_.size()) stop("found " + found() + "; expected the end of the file");
    twice_.raise();
    return document;
  }

 private:
  Json value(const std::string& path, int level) {
    skip_space();
    source_.places_[path].value = here();
    if (level > most_levels) stop("more than " + std::to_string(most_levels) + " levels; expected fewer");
    if (next_is('{')) return object(path, level + 1);
    if (next_is('[')) return list(path, level + 1);
    return next_is('"') ? string() : number_or_word();
  }

  Json object(const std::string& path, int level) {
    Json object = Json::object();
    ++at_;
    for (bool first = true; !closes('}', first, "a key in double quotes"); first = false) {
      if (!next_is('"')) stop("found " + found() + "; expected a key in double quotes" + (first ? " or \"}\"" : ""));
      const Place place = here();
      const std::string key = string();
      const std::string below = path_to(path, key);
      if (object.contains(key))
        twice_.add(place, below + " is given twice, first at " + source_.places_[below].key.text() + "; remove one");
      skip_space();
      if (!next_is(':')) stop("found " + found() + "; expected \":\" after the key \"" + key + "\"");
      ++at_;
      source_.places_[below].key = place;
      object[key] = value(below, level);
    }
    return object;
  }

  Json list(const std::string& path, int level) {
    Json list = Json::array();
    ++at_;
    for (bool first = true; !closes(']', first, "a value"); first = false) {
      const std::string below = path + "/" + std::to_string(list.size());
      list.push_back(value(below, level));
      source_.places_[below].key = source_.places_[below].value;
    }
    return list;
  }

  // Steps over the bracket that closes a list or an object, or over the comma before its next entry.
  bool closes(char bracket, bool first, const std::string& entry) {
    skip_space();
    if (next_is(bracket) || (!first && next_is(','))) {
      const bool closed = next_is(bracket);
      ++at_;
      skip_space();
      if (!closed && next_is(bracket))
        stop("found " + found() + "; expected " + entry + "; JSON has no comma after the last entry");
      return closed;
    }
    if (!first) stop("found " + found() + "; expected \",\" or \"" + bracket + "\"");
    return false;
  }

  Json string() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size() || text_[end] != '"') stop("a string without its closing quote on the same line");
    const Json string = Json::parse(text_.substr(at_, end + 1 - at_), nullptr, false);
    if (string.is_discarded()) stop("a string with a control character, an unknown escape or broken UTF-8");
    at_ = end + 1;
    return string;
  }

  Json number_or_word() {
    const Json value = Json::parse(word(), nullptr, false);
    if (value.is_discarded()) {
      const char* hint = next_is('/') || next_is('#') ? "; JSON has no comments" : "";
      stop("found " + found() + "; expected a value: a number, \"text\", true, false, null, a list or an object" +
           hint);
    }
    at_ += word().size();
    return value;
  }

  std::string word() const {
    return text_.substr(at_, std::min(text_.find_first_of(" \t\r\n,:[]{}\"", at_), text_.size()) - at_);
  }
  std::string found() const {
    if (at_ >= text_.size()) return "the end of the file";
    return shown(word().empty() ? text_.substr(at_, 1) : word());
  }

  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  void skip_space() {
    for (; at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]); ++at_)
      if (text_[at_] == '\n') {
        ++line_;
        line_begin_ = at_ + 1;
      }
  }

  Place here() const {  // a character of UTF-8 is one byte and any number of bytes 10xxxxxx
    int column = 1;
    for (std::size_t i = line_begin_; i < at_; ++i) column += (text_[i] & 0xC0) != 0x80;
    return {source_.name_, line_, column};
  }
  [[noreturn]] void stop(const std::string& what) const { throw ConfigurationError(here().text() + ": " + what); }

  JsonSource& source_;
  const std::string& text_;
  std::size_t at_ = 0, line_begin_ = 0;
  int line_ = 1;
  Problems twice_;
};

JsonSource::JsonSource(std::string name, const std::string& text) : name_(std::move(name)) {
  const auto refuse = [&](const std::string& what) { throw ConfigurationError(name_ + ": " + what); };
  if (text.starts_with("\xEF\xBB\xBF")) refuse("begins with a byte order mark; save it as UTF-8 without one");
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos)
    refuse("byte " + std::to_string(nul) + " is 0; expected text in UTF-8");
  document_ = JsonReader(*this, text).read();
}

JsonSource JsonSource::from_file(const std::string& file) {
  try {
    return JsonSource(file, read_file(file, most_bytes));
  } catch (const ConfigurationError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigurationError(error.what());
  }
}

Place JsonSource::place_of_value(std::string path) const {
  while (!places_.contains(path)) path.resize(path.rfind('/'));
  return places_.at(path).value;
}

Place JsonSource::place_of_key(const std::string& path) const {
  return places_.contains(path) ? places_.at(path).key : place_of_value(path);
}

void JsonSource::mark(const std::string& path, const Place& place) {
  const std::string below = path + "/";  // whatever stood there is gone
  auto entry = places_.lower_bound(below);
  while (entry != places_.end() && entry->first.starts_with(below)) entry = places_.erase(entry);
  places_[path] = {place, place};
}

// What the right side of KEY=VALUE means.
static Json json_or_string(const std::string& text) {
  try {
    return JsonSource("", text).document();
  } catch (const ConfigurationError&) {
    return text;
  }
}

void JsonSource::set(const std::string& object, const std::string& key, const std::string& value,
                     const std::string& origin) {
  if (!document_.is_object()) return;
  Json& entries = document_[Json::json_pointer(object)];
  if (!entries.is_null() && !entries.is_object()) return;  // an error that reading the object will report
  entries[key] = json_or_string(value);
  mark(path_to(object, key), {origin});
}

void JsonSource::erase(const std::string& object, const std::string& key) {
  const Json::json_pointer pointer(object);
  if (document_.contains(pointer) && document_[pointer].is_object()) document_[pointer].erase(key);
}

static bool is_utf8(const std::string& text) {
  try {
    return !Json(text).dump().empty();
  } catch (const Json::exception&) {
    return false;
  }
}

void JsonSource::set(const std::string& assignment, Problems& problems) {
  const Place place{"--set " + assignment};
  const std::size_t equals = assignment.find('=');
  const std::string keys = assignment.substr(0, equals);
  const bool empty_part = ("." + keys + ".").find("..") != std::string::npos;
  if (equals == std::string::npos || empty_part || std::count(keys.begin(), keys.end(), '.') >= most_levels ||
      !is_utf8(assignment))
    return problems.add(place, "expected KEY=VALUE, for example training.epochs=2");

  Json *at = &document_, *around = nullptr;
  std::string path, key;
  for (std::istringstream parts(keys); at && std::getline(parts, key, '.');) {
    around = at;
    at = step(at, path, key, place, problems);
  }
  if (!at) return;
  *at = json_or_string(assignment.substr(equals + 1));
  mark(path, place);
  if (at->is_null() && around->is_object()) around->erase(key);
}

// One step of a --set path: the entry `key`, made if an object has none; null, with a problem, if there can be none.
Json* JsonSource::step(Json* at, std::string& path, const std::string& key, const Place& place, Problems& problems) {
  const std::string whole = path.empty() ? "the configuration" : path;
  if (at->is_array()) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error != std::errc() || end != key.data() + key.size() || index >= at->size()) {
      problems.add(place, whole + " is a list of " + std::to_string(at->size()) +
                              "; expected a number below that, got \"" + key + "\"");
      return nullptr;
    }
    path += "/" + std::to_string(index);
    return &(*at)[index];
  }
  if (at->is_null()) *at = Json::object();
  if (!at->is_object()) {
    problems.add(place,
                 whole + " is " + shown(*at) + "; expected an object or a list, since \"" + key + "\" is set in it");
    return nullptr;
  }
  path = path_to(path, key);
  if (!at->contains(key)) mark(path, place);
  return &(*at)[key];
}

std::string path_to(const std::string& object, const std::string& key) {
  return (Json::json_pointer(object) / key).to_string();
}

std::string shown(const Json& value) {
  if (value.is_object()) return "an object";
  constexpr std::size_t most = 60;
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= most) return text;
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  return Json(value.get<std::string>().substr(0, most)).dump(-1, ' ', false, Json::error_handler_t::ignore) + "...";
}

}  // namespace tapestry
