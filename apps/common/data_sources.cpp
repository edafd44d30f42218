#include "apps/common/data_sources.hpp"

#include <cstdlib>
#include <iostream>

#include "apps/common/registry.hpp"
#include "datasets/mnist.hpp"
#include "datasets/synthetic_digits.hpp"

namespace tapestry {

namespace fs = std::filesystem;

namespace {

constexpr Index most_pictures = 1'000'000'000;
const Shape digit{1, 28, 28};

std::string places(const std::vector<fs::path>& folders) {
  std::string text;
  for (const fs::path& folder : folders) text += (text.empty() ? "" : " or ") + folder.string();
  return text;
}

std::string how_to_get_mnist(const std::vector<fs::path>& folders) {
  return "put train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz of MNIST into " + places(folders);
}

// As many as the configuration asks for.
Index read_drawn(Options& data, Index otherwise) {
  return data.has("count") ? data.integer("count", required, 1, most_pictures) : otherwise;
}

DataSource read_synthetic_digits(Options& data) {
  data.ignore("path");  // so that --set data.source=synthetic_digits is all there is to say
  const Index count = read_drawn(data, 20000);
  return {digit, 10, [=](std::uint64_t seed) { return synthetic_digits(count, seed); }};
}

DataSource read_mnist(Options& data) {
  const std::vector<fs::path> folders = read_path(data, "data/mnist");
  return {digit, 10, [=](std::uint64_t) {
            if (const auto folder = find_mnist(folders)) return load_mnist(*folder, Split::training);
            fail("mnist: found no MNIST; expected it in ", places(folders), "; ", how_to_get_mnist(folders));
          }};
}

DataSource read_mnist_or_synthetic_digits(Options& data) {
  const std::vector<fs::path> folders = read_path(data, "data/mnist");
  const DataSource drawn = read_synthetic_digits(data);
  return {digit, 10, [=](std::uint64_t seed) {
            if (const auto folder = find_mnist(folders)) return load_mnist(*folder, Split::training);
            std::cout << "*** No MNIST found: training on SYNTHETIC DIGITS, drawn by this program. For MNIST, "
                      << how_to_get_mnist(folders) << ". ***\n\n";
            return drawn.load(seed);
          }};
}

Registry<ReadDataSource>& sources() {
  static Registry<ReadDataSource> sources({{"mnist", read_mnist},
                                           {"synthetic_digits", read_synthetic_digits},
                                           {"mnist_or_synthetic_digits", read_mnist_or_synthetic_digits}});
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

std::vector<fs::path> read_path(Options& data, const std::string& otherwise) {
  const fs::path given = data.text("path", otherwise);
  const fs::path path = fs::absolute(fs::path(data.file()).parent_path() / given / "").lexically_normal().parent_path();
  data.resolve("path", path.string());  // the resolved configuration will stand in another folder
  std::vector<fs::path> all{path};
  if (const char* elsewhere = std::getenv("TAPESTRY_DATA")) all.push_back(fs::path(elsewhere) / path.filename());
  return all;
}

}  // namespace tapestry
