// JsonSource: a JSON text (RFC 8259) that remembers where everything in it stands.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/common/problems.hpp"

namespace tapestry {

using Json = nlohmann::ordered_json;  // keys stay in the order of the file

class JsonSource {
 public:
  // ConfigurationError for a text that is no JSON (with line and column of the first mistake), a key that is given
  // twice, a byte order mark, or lists and objects nested more than 64 deep.
  JsonSource(std::string name, const std::string& text);
  static JsonSource from_file(const std::string& file);  // of 1 MiB at most

  const std::string& name() const { return name_; }
  const Json& document() const { return document_; }

  // Paths are JSON pointers (RFC 6901): /generator/3/channels. What does not stand anywhere, say a missing key, is
  // placed where the nearest object or list around it stands.
  Place place_of_value(std::string path) const;
  Place place_of_key(const std::string& path) const;

  // --set generator.4.channels=64: replaces or adds a value. What is not JSON is taken as a string; null takes the key
  // out of its object. A path that leads nowhere is added to the problems.
  void set(const std::string& assignment, Problems& problems);
  // Replaces or adds one entry of an object; errors about it will show `origin`, say `--seed 7`.
  void set(const std::string& object, const std::string& key, const std::string& value, const std::string& origin);
  void erase(const std::string& object, const std::string& key);

 private:
  friend class JsonReader;
  struct Places {
    Place key, value;
  };
  void mark(const std::string& path, const Place& place);
  Json* step(Json* at, std::string& path, const std::string& key, const Place& place, Problems& problems);

  std::string name_;
  Json document_;
  std::map<std::string, Places> places_;
};

// The path of an entry of an object: /training + batch -> /training/batch.
std::string path_to(const std::string& object, const std::string& key);

// A value as an error shows it: short, and on one line.
std::string shown(const Json& value);

}  // namespace tapestry
