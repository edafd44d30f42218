// Where the pictures of a run come from: "data": {"source": "mnist", "path": "data/mnist", ...}.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/common/options.hpp"
#include "datasets/dataset.hpp"
#include "datasets/scale.hpp"

namespace tapestry {

// A source whose options have been read, and nothing else: files are opened when it is loaded.
struct DataSource {
  Shape picture;    // (C, H, W), known beforehand, so that networks can be checked against it
  int classes = 0;  // 0: it has no labels, or nobody knows yet how many
  std::function<Dataset(std::uint64_t seed)> load;  // Error when the data are wrong or missing
};

// Reads the source's own keys of "data". Keys that all sources have (source, scale, count, ...) are read elsewhere.
using ReadDataSource = std::function<DataSource(Options& data)>;

// Makes a source known to the configurations of all programs, from anywhere, before the first one is read:
//
//   register_dataset("stripes", [](Options& data) -> DataSource {
//     const Index count = data.integer("pictures", 1000, 1, 1'000'000);
//     return {.picture = {1, 28, 28}, .classes = 2, .load = [=](std::uint64_t seed) { return stripes(count, seed); }};
//   });
void register_dataset(const std::string& source, ReadDataSource read);

// All sources of this program, its own first, then the user's.
std::vector<std::string> known_sources(const std::vector<std::string>& of_program);
DataSource read_data_source(const std::string& source, Options& data);

// "scale": [-1, 1] or [0, 1]
Scale read_scale(Options& options);

// "path": relative to the configuration file. It may also lie under $TAPESTRY_DATA: then its last part is looked for
// there.
// A path under another key, relative to the configuration file.
std::filesystem::path read_file_path(Options& data, const std::string& key);
std::vector<std::filesystem::path> read_path(Options& data, const std::string& otherwise);

}  // namespace tapestry
