// MNIST (LeCun, Cortes, Burges, 1998) and the data sets that come in the same four files: Fashion-MNIST, KMNIST.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset.hpp"

namespace tapestry {

enum class Split { training, test };

// The data set in a folder that holds train-images-idx3-ubyte and train-labels-idx1-ubyte (for the test set t10k-...),
// each as it is or with .gz; "train-images.idx3-ubyte" is found too. Pictures are (1, H, W), labels 0 to 9, one per
// picture; anything else is an error that says where to get a good copy. The notes say of each file whether its SHA-256
// is that of MNIST: files of another data set are reported, not refused.
Dataset load_mnist(const std::filesystem::path& folder, Split split);

// The first folder in which both files of the training set are found.
std::optional<std::filesystem::path> find_mnist(const std::vector<std::filesystem::path>& folders);

}  // namespace tapestry
