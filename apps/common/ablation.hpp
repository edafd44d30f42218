// Ablation: some configurations, each trained from several seeds, side by side: in a table, and on a page.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/common/statistics.hpp"

namespace tapestry {

// What one run came to. Losses and beliefs are means over the last tenth of its steps.
struct RunNumbers {
  double discriminator_loss = 0, generator_loss = 0, d_of_x = 0, d_of_g_of_z = 0;
  double pictures_per_second = 0;  // real ones, from the end of the first step on; at the one step of a run of one
  std::optional<double> measure;   // what somebody's own program says of it
};

// From the metrics.csv and timing.csv of a run folder. Each step saw so many real pictures.
RunNumbers read_numbers(const std::string& metrics_csv, const std::string& timing_csv, double pictures_per_step);

struct AblationRun {
  std::uint64_t seed = 1;
  std::string folder;
  std::optional<RunNumbers> numbers;  // none: it was not finished
  std::string problem;                // then: why
  std::string grid;                   // PNG file: what the generator drew at the end
};
struct AblationRow {  // one configuration
  std::string name;
  bool probabilities = true;  // D(x) and D(G(z)) are probabilities, otherwise scores
  std::vector<AblationRun> runs;
};
using Ablation = std::vector<AblationRow>;

std::string table_text(const Ablation& ablation);  // for a terminal: mean ± half of the 95 % interval
std::string table_csv(const Ablation& ablation);   // mean and half of the interval in columns of their own
// One HTML file with the table and all grids in it: a row for each configuration, a column for each seed.
std::string page_html(const Ablation& ablation);

}  // namespace tapestry
