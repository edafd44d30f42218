// Problems: everything that is wrong with a configuration, collected, so that one run shows all of it.
#pragma once
#include <string>
#include <vector>

#include "autograd/error.hpp"

namespace tapestry {

// One line per error: `config.json:12:5: /training/batch is 0; expected an integer from 1 to 65536`.
struct ConfigurationError : Error {
  using Error::Error;
};
struct DataError : Error {  // of a data set: it is missing or wrong
  using Error::Error;
};

// Where something stands: in a file, or on the command line (then there is no line).
struct Place {
  std::string name;          // config.json, or --set training.batch=0
  int line = 0, column = 0;  // from 1; columns count characters
  std::string text() const;  // config.json:12:5
};

class Problems {
 public:
  void add(const Place& place, const std::string& what) { all_.push_back({place, what}); }
  std::size_t count() const { return all_.size(); }
  void raise() const;  // ConfigurationError with all of them in the order of their places; nothing if there are none

 private:
  struct Problem {
    Place place;
    std::string what;
  };
  std::vector<Problem> all_;
};

// The word of `known` that `word` was probably meant to be, by the number of letters to change; empty if none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

// "adam", "sgd"
std::string quoted(const std::vector<std::string>& words);

}  // namespace tapestry
