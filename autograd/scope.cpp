#include "autograd/scope.hpp"

#include <atomic>

namespace tapestry {

static thread_local const Scope* current = nullptr;

static long next_number() {
  static std::atomic<long> numbers = 0;
  return ++numbers;
}

Scope::Scope(std::string name, std::string kind)
    : name_(std::move(name)), kind_(std::move(kind)), number_(next_number()), around_(current) {
  current = this;
}
Scope::~Scope() { current = around_; }

const Scope* Scope::innermost() { return current; }

std::string Scope::path() const {
  std::string path = name_;
  for (const Scope* scope = around_; scope; scope = scope->around_)
    if (!scope->name_.empty()) path = scope->name_ + (path.empty() ? "" : ".") + path;
  return kind_.empty() ? path : path + " " + kind_;
}

}  // namespace tapestry
