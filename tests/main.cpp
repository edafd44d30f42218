// Runs all tests. Memory is filled with NaN when it is handed out, so that a number that a kernel forgot shows.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "autograd/memory.hpp"

int main(int argc, char** argv) {
  tapestry::memory::poison(true);
  return doctest::Context(argc, argv).run();
}
