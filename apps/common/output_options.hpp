// What a run shows and leaves behind.
//
//   "output": {"samples": {"rows": 5, "columns": 5, "every_epochs": 10, "scale": 2, "colours": "grey",
//                          "cells": "in_order"},
//              "accuracy": {"every_epochs": 10, "pictures": 150}, "generators": {"at_epochs": [10, 20, 50]},
//              "lines": "progress", "every_steps": 1, "log_every_seconds": 5}
#pragma once
#include <vector>

#include "apps/common/options.hpp"
#include "apps/common/picture.hpp"

namespace tapestry {

// Every so many epochs, or at those that are listed; neither: never.
struct EpochChoice {
  Index every = 0;
  std::vector<Index> listed{};
  bool holds(Index epoch) const;  // counted from 1
};

struct Samples {
  int rows = 5, columns = 5;
  EpochChoice epochs{.every = 1};
  int scale = 2;  // pixels of the grid for each pixel of a picture
  Palette colours = Palette::grey;
  Cells cells = Cells::in_order;
};

// How many real pictures and how many fakes the discriminator, in evaluation mode, tells apart.
struct AccuracyReport {
  EpochChoice epochs{};
  Index pictures = 100;  // of each kind
};

enum class Lines {
  progress,      // a bar on a terminal, a line every few seconds elsewhere
  keras,         // >1, 5/390, d1=0.693, d2=0.701 g=0.694
  loss_a_and_b,  // Step 500: Loss A: 2.154698, Loss B: 0.895236; A is the generator's
};

struct Output {
  Samples samples;
  AccuracyReport accuracy;
  EpochChoice generators{};  // at which epochs the generator is saved, besides the end
  Lines lines = Lines::progress;
  Index every_steps = 1;         // of the printed lines, other than progress; the first step has one in any case
  double log_every_seconds = 5;  // lines of progress where there is no terminal
};

// grey, inverted, viridis
extern const Options::Words<Palette> palettes;

Output read_output(Options&& output);

}  // namespace tapestry
