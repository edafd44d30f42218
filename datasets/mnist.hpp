// MNIST (LeCun, Cortes, Burges, 1998) and every data set that comes in IDX files like it: Fashion-MNIST, KMNIST,
// EMNIST.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "datasets/dataset.hpp"

namespace tapestry {

// One file of pictures, and one of labels where there are any.
struct IdxFiles {
  std::filesystem::path images;
  std::optional<std::filesystem::path> labels;
};

// Upright as they are, or with rows and columns exchanged: EMNIST's files hold pictures that way.
enum class Orientation { as_stored, transposed };

// Pictures (1, H, W) of any size from two IDX files, packed with gzip or not: one label for each picture, and as many
// classes as the highest label says. Anything else is an error. The notes say of each file whether its SHA-256 is that
// of a file of MNIST or Fashion-MNIST: other files are reported, not refused. Classes have names only where both files
// are Fashion-MNIST's.
Dataset load_idx(const IdxFiles& files, Orientation orientation = Orientation::as_stored);

// The same from a folder that holds train-images-idx3-ubyte and train-labels-idx1-ubyte (for the test set t10k-... or
// test-...), each as it is or with .gz; "train-images.idx3-ubyte" is found too, and so is
// emnist-letters-train-images-... where it is the only one of its kind. Errors say where to get a good copy.
Dataset load_mnist(const std::filesystem::path& folder, Split split, Orientation orientation = Orientation::as_stored);

// The first folder in which both files of the training set are found, or else the first with one of them, so that
// load_mnist can say which one is missing.
std::optional<std::filesystem::path> find_mnist(const std::vector<std::filesystem::path>& folders);

}  // namespace tapestry
