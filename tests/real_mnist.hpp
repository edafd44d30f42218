// Tests that want real pictures take them from where they are, and say that they skip when they are nowhere.
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>

#include "datasets/mnist.hpp"

inline std::optional<std::filesystem::path> real_mnist() {
  std::vector<std::filesystem::path> folders = {"data/mnist", "../shared/data/mnist"};
  if (const char* data = std::getenv("TAPESTRY_DATA")) folders.insert(folders.begin(), data + std::string("/mnist"));
  const auto folder = tapestry::find_mnist(folders);
  if (!folder) MESSAGE("skipped: no MNIST in $TAPESTRY_DATA/mnist, data/mnist, ../shared/data/mnist");
  return folder;
}
