#include "datasets/mnist.hpp"

#include <array>
#include <string_view>

#include "autograd/error.hpp"
#include "datasets/idx.hpp"

namespace tapestry {
namespace {

namespace fs = std::filesystem;

constexpr int digits = 10;

struct Kind {
  std::string_view stem, format;  // train-images, idx3-ubyte
  int rank;
};

Kind images(Split split) { return {split == Split::training ? "train-images" : "t10k-images", "idx3-ubyte", 3}; }
Kind labels(Split split) { return {split == Split::training ? "train-labels" : "t10k-labels", "idx1-ubyte", 1}; }

std::string usual_name(const Kind& kind) { return std::string(kind.stem) + "-" + std::string(kind.format); }

std::string advice(const Kind& kind) {
  return "a good copy of MNIST's is at https://ossci-datasets.s3.amazonaws.com/mnist/" + usual_name(kind) + ".gz";
}

std::optional<fs::path> find(const fs::path& folder, const Kind& kind) {
  for (const char* joint : {"-", "."})
    for (const char* packing : {"", ".gz"}) {
      const fs::path file = folder / (std::string(kind.stem) + joint + std::string(kind.format) + packing);
      if (std::error_code unreadable; fs::is_regular_file(file, unreadable)) return file;
    }
  return std::nullopt;
}

struct KnownFile {
  std::string_view sha256, what;
};
constexpr std::array<KnownFile, 4> known_files{{
    {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", "training images"},
    {"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", "training labels"},
    {"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", "test images"},
    {"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", "test labels"},
}};

struct Part {
  fs::path file;
  IdxFile idx;
  bool verified = false;
  std::string note;
};

Part read_part(const fs::path& folder, const Kind& kind) {
  const std::optional<fs::path> file = find(folder, kind);
  if (!file)
    fail(folder.string(), ": has no ", usual_name(kind),
         ", with or without .gz; expected a folder with the files of MNIST; ", advice(kind));
  Part part{*file, read_idx(*file, kind.rank, advice(kind)), false, ""};
  part.note = file->string() + ": not one of MNIST's own files (sha256 " + part.idx.sha256 + ")";
  for (const KnownFile& known : known_files)
    if (part.idx.sha256 == known.sha256) {
      part.verified = true;
      part.note = file->string() + ": verified, MNIST's " + std::string(known.what);
    }
  return part;
}

void check_labels(const Part& labels, const Part& images, const std::string& advice) {
  const Index expected = images.idx.shape[0];
  if (labels.idx.shape[0] != expected)
    fail(labels.file.string(), ": has ", labels.idx.shape[0], " labels; expected ", expected,
         ", one for each picture of ", images.file.string(), "; ", advice);
  for (std::size_t i = 0; i < labels.idx.values.size(); ++i)
    if (labels.idx.values[i] >= digits)
      fail(labels.file.string(), ": label ", i, " is ", int{labels.idx.values[i]}, "; expected 0 to ", digits - 1, "; ",
           advice);
}

}  // namespace

Dataset load_mnist(const fs::path& folder, Split split) {
  Part pictures = read_part(folder, images(split));
  Part names = read_part(folder, labels(split));
  check_labels(names, pictures, advice(labels(split)));

  const std::string source = pictures.verified && names.verified ? "MNIST" : folder.string();
  const Shape& shape = pictures.idx.shape;
  return {source + (split == Split::training ? ", training set" : ", test set"),
          {1, shape[1], shape[2]},
          std::move(pictures.idx.values),
          std::move(names.idx.values),
          digits,
          {pictures.note, names.note}};
}

std::optional<fs::path> find_mnist(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders)
    if (find(folder, images(Split::training)) && find(folder, labels(Split::training))) return folder;
  return std::nullopt;
}

}  // namespace tapestry
