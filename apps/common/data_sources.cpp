#include "apps/common/data_sources.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "apps/common/registry.hpp"
#include "datasets/cifar10.hpp"
#include "datasets/mnist.hpp"
#include "datasets/picture_folder.hpp"
#include "datasets/synthetic_digits.hpp"
#include "datasets/synthetic_shapes.hpp"

namespace tapestry {

namespace fs = std::filesystem;

namespace {

constexpr Index most_pictures = 1'000'000'000;
const Shape digit{1, 28, 28}, small_colour{3, 32, 32};

std::string places(const std::vector<fs::path>& paths) {
  std::string text;
  for (const fs::path& path : paths) text += (text.empty() ? "" : " or ") + path.string();
  return text;
}

Split read_split(Options& data) {
  return data.choice<Split>("split", Split::training,
                            {{"training", Split::training},
                             {"test", Split::test},
                             {"validation", Split::validation},
                             {"training_without_validation", Split::training_without_validation}});
}

// Pictures that the program draws itself, as many as the configuration asks for.
using Draw = Dataset (*)(Index count, std::uint64_t seed);
DataSource read_drawn(Options& data, const Shape& picture, Draw draw) {
  for (const char* key : {"path", "split"}) data.ignore(key);  // so that --set data.source=... is all there is to say
  const Index count = data.has("count") ? data.integer("count", required, 1, most_pictures) : 20000;
  return {picture, 10, [=](std::uint64_t seed) { return draw(count, seed); }};
}
DataSource read_synthetic_digits(Options& data) { return read_drawn(data, digit, synthetic_digits); }
DataSource read_synthetic_shapes(Options& data) { return read_drawn(data, small_colour, synthetic_shapes); }

// A public data set that lies somewhere on this machine; where it does not, that is an error, or pictures are drawn.
struct PublicDataset {
  const char *name, *word;
  const char* otherwise_path;
  Shape picture;
  std::optional<fs::path> (*find)(const std::vector<fs::path>& paths);
  Dataset (*load)(const fs::path& found, Split split);
  const char* files;  // what to put there
};
const PublicDataset mnist{"MNIST",
                          "mnist",
                          "data/mnist",
                          digit,
                          find_mnist,
                          [](const fs::path& found, Split split) { return load_mnist(found, split); },
                          "train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz of MNIST into "};
const PublicDataset cifar10{"CIFAR-10",
                            "cifar10",
                            "data/cifar-10-batches-bin",
                            small_colour,
                            find_cifar10,
                            load_cifar10,
                            "cifar-10-binary.tar.gz, or the folder that is in it, at "};

// What may be drawn in its place, as a source, and as a notice calls it.
struct Drawn {
  DataSource source;
  const char *word, *name;
};

// A resolved configuration names what is there now: read again, it gives the same run or an error.
DataSource read_public(Options& data, const PublicDataset& known, const Drawn* drawn = nullptr) {
  const std::vector<fs::path> paths = read_path(data, known.otherwise_path);
  const Split split = read_split(data);
  const auto found = std::find_if(paths.begin(), paths.end(), [&](const fs::path& p) { return known.find({p}); });
  if (found != paths.end()) data.resolve("path", found->string());
  if (drawn) data.resolve("source", found != paths.end() ? known.word : drawn->word);
  const std::string how = std::string("put ") + known.files + places(paths);
  const auto otherwise = drawn ? drawn->source.load : nullptr;
  const std::string drawn_name = drawn ? drawn->name : "";
  return {known.picture, 10, [=](std::uint64_t seed) {
            if (const auto found = known.find(paths)) return known.load(*found, split);
            if (!otherwise) fail(known.name, ": found none; expected it in ", places(paths), "; ", how);
            std::cout << "*** No " << known.name << " found: training on " << drawn_name
                      << ", drawn by this program. For " << known.name << ", " << how << ". ***\n\n";
            return otherwise(seed);
          }};
}
DataSource read_mnist(Options& data) { return read_public(data, mnist); }
DataSource read_cifar10(Options& data) { return read_public(data, cifar10); }
DataSource read_mnist_or_synthetic_digits(Options& data) {
  const Drawn drawn{read_synthetic_digits(data), "synthetic_digits", "SYNTHETIC DIGITS"};
  return read_public(data, mnist, &drawn);
}
DataSource read_cifar10_or_synthetic_shapes(Options& data) {
  const Drawn drawn{read_synthetic_shapes(data), "synthetic_shapes", "SYNTHETIC SHAPES"};
  return read_public(data, cifar10, &drawn);
}

// Any IDX files: a folder of four as MNIST has them, or one file of pictures with one of labels, or without.
DataSource read_idx_files(Options& data) {
  const auto [height, width] = data.pair("size", 28, 1, 4096);
  const Orientation orientation = data.boolean("transposed", false) ? Orientation::transposed : Orientation::as_stored;
  DataSource source{{1, height, width}, 0, {}};
  if (data.has("images")) {
    IdxFiles files{read_file_path(data, "images"), {}};
    if (data.has("labels")) files.labels = read_file_path(data, "labels");
    source.load = [=](std::uint64_t) { return load_idx(files, orientation); };
    return source;
  }
  const std::vector<fs::path> folders = read_path(data, "data/mnist");
  const Split split = read_split(data);
  source.load = [=](std::uint64_t) {
    const auto found = find_mnist(folders);
    if (!found) fail("idx: found no train-images-idx3-ubyte, packed or not; expected it in ", places(folders));
    return load_mnist(*found, split, orientation);
  };
  return source;
}

// A folder of PNG and JPEG files.
DataSource read_pictures(Options& data) {
  const std::vector<fs::path> folders = read_path(data, "data/pictures");
  const auto [height, width] = data.pair("size", required, 1, 4096);
  const Shape picture{data.boolean("colour", true) ? 3 : 1, height, width};
  const Unreadable unreadable = data.choice<Unreadable>("unreadable", Unreadable::refuse,
                                                        {{"refuse", Unreadable::refuse}, {"skip", Unreadable::skip}});
  return {picture, 0, [=](std::uint64_t) {
            for (const fs::path& folder : folders)
              if (fs::is_directory(folder)) return load_picture_folder(folder, picture, unreadable);
            fail("pictures: found no folder; expected ", places(folders), "; say which with \"path\"");
          }};
}

Registry<ReadDataSource>& sources() {
  static Registry<ReadDataSource> sources({{"mnist", read_mnist},
                                           {"synthetic_digits", read_synthetic_digits},
                                           {"mnist_or_synthetic_digits", read_mnist_or_synthetic_digits},
                                           {"cifar10", read_cifar10},
                                           {"synthetic_shapes", read_synthetic_shapes},
                                           {"cifar10_or_synthetic_shapes", read_cifar10_or_synthetic_shapes},
                                           {"idx", read_idx_files},
                                           {"pictures", read_pictures}});
  return sources;
}

std::vector<std::string>& of_users() {
  static std::vector<std::string> names;
  return names;
}

}  // namespace

void register_dataset(const std::string& source, ReadDataSource read) {
  sources().add("register_dataset", source, std::move(read));
  of_users().push_back(source);
}

std::vector<std::string> known_sources(const std::vector<std::string>& of_program) {
  std::vector<std::string> all = of_program;
  all.insert(all.end(), of_users().begin(), of_users().end());
  return all;
}

DataSource read_data_source(const std::string& source, Options& data) { return (*sources().find(source))(data); }

Scale read_scale(Options& options) {
  const auto convert = [](const Json& value) -> std::optional<Scale> {
    if (value == Json::array({-1, 1})) return Scale::minus_one_to_one;
    if (value == Json::array({0, 1})) return Scale::zero_to_one;
    return {};
  };
  return options.value<Scale>("scale", required, "[-1, 1] or [0, 1]", convert).value_or(Scale::minus_one_to_one);
}

namespace {
// Relative to the configuration file; the resolved configuration will stand in another folder.
fs::path beside_configuration(Options& data, const std::string& key, const fs::path& given) {
  const fs::path path = fs::absolute(fs::path(data.file()).parent_path() / given / "").lexically_normal().parent_path();
  data.resolve(key, path.string());
  return path;
}
}  // namespace

fs::path read_file_path(Options& data, const std::string& key) {
  return beside_configuration(data, key, data.text(key, required));
}

std::vector<fs::path> read_path(Options& data, const std::string& otherwise) {
  std::vector<fs::path> all{beside_configuration(data, "path", data.text("path", otherwise))};
  if (const char* elsewhere = std::getenv("TAPESTRY_DATA")) all.push_back(fs::path(elsewhere) / all.front().filename());
  return all;
}

}  // namespace tapestry
