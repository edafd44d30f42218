// Both networks of a game, built from their lists of layers and checked against each other and the rest.
#pragma once
#include "apps/common/configuration.hpp"

namespace tapestry {

struct NetworkPlans {
  std::vector<LayerPlan> generator, discriminator, code_head;
};

// Fills in the networks of a configuration whose other parts have been read. What does not fit is added to the
// problems.
void build_networks(const NetworkPlans& plans, Configuration& read, Problems& problems);

}  // namespace tapestry
