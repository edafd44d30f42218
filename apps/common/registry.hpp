// Registry: things that a configuration calls by a word. The project's own are there from the start; a user's file adds
// to them, from anywhere, before the first configuration is read.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "autograd/error.hpp"

namespace tapestry {

template <class T>
class Registry {
 public:
  using Entries = std::vector<std::pair<std::string, T>>;
  explicit Registry(Entries built_in) : entries_(std::move(built_in)) {}

  // `who` is the function that a user calls; a name that is taken is an error.
  void add(const char* who, const std::string& name, T thing) {
    if (find(name)) fail(who, ": got \"", name, "\", which exists already; expected a new name");
    entries_.emplace_back(name, std::move(thing));
  }
  const T* find(const std::string& name) const {
    for (const auto& [known, thing] : entries_)
      if (known == name) return &thing;
    return nullptr;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, thing] : entries_) names.push_back(name);
    return names;
  }

 private:
  Entries entries_;
};

}  // namespace tapestry
