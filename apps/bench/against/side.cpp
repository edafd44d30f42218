// Compiled once for each version, with its own headers: -DSIDE=this_version, -DSIDE=older_version.
#include "side.hpp"

#include <algorithm>
#include <memory>

#include "../recipe_run.hpp"
#include "autograd/stopwatch.hpp"

namespace {

std::unique_ptr<tapestry::Run> run;

void prepare(const std::string& name) {
  using tapestry::recipes;
  run.reset();
  run = std::make_unique<tapestry::Run>(
      *std::find_if(std::begin(recipes), std::end(recipes), [&](const auto& recipe) { return recipe.name == name; }));
}

std::map<std::string, double> step() {
  const tapestry::Stopwatch watch;
  run->session.step();
  return watch.seconds();
}

}  // namespace

const Side SIDE{prepare, step};
