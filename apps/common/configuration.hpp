// Configuration: what a trainer is told to do, read from JSON and checked as a whole. Its parts stand here
// in the order of the file, each below the JSON that it is read from; the layers of the networks are in model.cpp.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/command_line.hpp"
#include "apps/common/data_sources.hpp"
#include "apps/common/game.hpp"
#include "apps/common/latents.hpp"
#include "apps/common/model.hpp"
#include "apps/common/optimizer_options.hpp"
#include "apps/common/output_options.hpp"
#include "datasets/batches.hpp"

namespace tapestry {

// "data": {"source": "mnist", "path": "data/mnist", "scale": [-1, 1], "count": 60000,
//          "flips": false}
struct DataConfiguration {
  std::string source;  // one of the words that the program knows
  DataSource from;
  Scale scale = Scale::minus_one_to_one;  // [-1, 1] or [0, 1]
  std::optional<Index> count;             // only the first so many pictures
  bool flips = false;                     // is half of a batch mirrored, left to right?
};

// "pretrain": {"steps": 20, "batch": 64, "noise": [-1, 1], "keep": false}
// Before the game the discriminator learns to tell real pictures from uniform noise.
struct Pretrain {
  Index steps = 0;               // 0: none
  Index batch = 64;              // real pictures in a step, and as many of noise
  double noise_low, noise_high;  // unless told, the range of the data
  bool keep = false;             // does the game begin with what it learned, or with the initial weights?
};

// "training": {"epochs": 50, "steps_per_epoch": 234, "batch": 128, "generator_batch": 256, "batches": "shuffled",
//              "last_batch": "keep", "average": 0.999, "seed": 1, "threads": 0, "detect_anomalies": false}
struct Training {
  std::optional<Index> epochs, steps;    // exactly one of both
  std::optional<Index> steps_per_epoch;  // otherwise what the data and the batches give
  Index batch = 128;                     // real pictures of a discriminator's step, and as many fakes
  Index generator_batch = 128;           // latents of a generator's step; otherwise as many as `batch`
  BatchPolicy batches = BatchPolicy::shuffled_keep;
  std::uint64_t seed = 1;
  double average = 0;             // decay of the moving average of the generator's weights, used for samples; 0: none
  int threads = 0;                // 0: as many as the machine has
  bool detect_anomalies = false;  // end at the first NaN or infinity, and say where it came from
};

struct Configuration {
  DataConfiguration data;
  Latent latent;
  std::unique_ptr<Sequential> generator, discriminator;  // with their initial weights
  GanLoss loss;
  Codes codes;  // none, if there is no head
  Game game;
  bool conditional() const { return generator->classes() > 0 || discriminator->classes() > 0; }
  MakeOptimizer generator_optimizer, discriminator_optimizer;  // "optimizers": {"generator": ..., "discriminator": ...}
  Pretrain pretrain;
  Training training;
  Output output;
  Json resolved;  // all of it with the defaults filled in; read again, it gives the same run
};

// What a program can train on.
struct Trainer {
  std::vector<std::string> sources;  // the words that "data.source" may be; those of a user's own are added
};

// ConfigurationError with all that is wrong, one line each. `problems`: what is known to be wrong already.
Configuration read_configuration(const JsonSource& source, const Trainer& trainer, Problems problems = {});
// The file that the command line names, with what it sets; and a configuration from there.
JsonSource read_source(const CommandLine& line, Problems& problems);
Configuration read_configuration(const CommandLine& line, const Trainer& trainer);

}  // namespace tapestry
