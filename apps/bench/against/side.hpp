// One of two versions of the project in one program. All of them are called tapestry; one is compiled as if that were
// another name (`make bench-against`), so nothing here may belong to it.
#pragma once
#include <map>
#include <string>

struct Side {
  void (*prepare)(const std::string& recipe);
  std::map<std::string, double> (*step)();  // seconds, by what they went into
};
extern const Side this_version, older_version;
