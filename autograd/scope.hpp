// Scope: says which part of a network is at work, so that listings and errors can name it.
#pragma once
#include <string>

namespace tapestry {

// While one lives, what this thread computes belongs to it, and to the scope around it: Scope("discriminator"), and
// inside of it Scope("3", "conv2d"), is "discriminator.3 conv2d".
class Scope {
 public:
  explicit Scope(std::string name, std::string kind = "");
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  static const Scope* innermost();  // of this thread; null outside of all
  std::string path() const;
  long number() const { return number_; }  // each has another

 private:
  std::string name_, kind_;
  long number_;
  const Scope* around_;
};

}  // namespace tapestry
