#include "apps/common/output_options.hpp"

#include <algorithm>

namespace tapestry {
namespace {

constexpr Index most = 1'000'000'000;

EpochChoice read_epochs(Options& options, Index every) {
  EpochChoice read;
  if (!options.has("at_epochs")) {
    read.every = options.integer("every_epochs", every, 0, most);
    options.ignore("at_epochs");
    return read;
  }
  read.listed = options.integers("at_epochs", 1000, 1, most);
  if (options.has("every_epochs")) options.problem("has both \"every_epochs\" and \"at_epochs\"; expected one of them");
  options.ignore("every_epochs");
  return read;
}

Samples read_samples(Options&& samples) {
  Samples read;
  read.rows = static_cast<int>(samples.integer("rows", read.rows, 1, 100));
  read.columns = static_cast<int>(samples.integer("columns", read.columns, 1, 100));
  read.epochs = read_epochs(samples, read.epochs.every);
  read.scale = static_cast<int>(samples.integer("scale", read.scale, 1, 32));
  read.colours = samples.choice<Palette>("colours", read.colours, palettes);
  read.cells =
      samples.choice<Cells>("cells", read.cells, {{"in_order", Cells::in_order}, {"products", Cells::products}});
  return read;
}

AccuracyReport read_accuracy(Options&& accuracy) {
  AccuracyReport read;
  read.epochs = read_epochs(accuracy, read.epochs.every);
  read.pictures = accuracy.integer("pictures", read.pictures, 1, 1'000'000);
  return read;
}

}  // namespace

const Options::Words<Palette> palettes = {
    {"grey", Palette::grey}, {"inverted", Palette::inverted_grey}, {"viridis", Palette::viridis}};

bool EpochChoice::holds(Index epoch) const {
  if (every > 0) return epoch % every == 0;
  return std::find(listed.begin(), listed.end(), epoch) != listed.end();
}

Output read_output(Options&& output) {
  Output read;
  read.samples = read_samples(output.object("samples"));
  read.accuracy = read_accuracy(output.object("accuracy"));
  {
    Options generators = output.object("generators");
    read.generators = read_epochs(generators, read.generators.every);
  }
  read.lines = output.choice<Lines>(
      "lines", read.lines,
      {{"progress", Lines::progress}, {"keras", Lines::keras}, {"loss_a_and_b", Lines::loss_a_and_b}});
  read.every_steps = output.integer("every_steps", read.every_steps, 1, most);
  read.log_every_seconds = output.real("log_every_seconds", read.log_every_seconds, Range::from(0));
  return read;
}

}  // namespace tapestry
