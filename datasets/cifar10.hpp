// CIFAR-10 (Krizhevsky, "Learning multiple layers of features from tiny images", 2009), in its binary version: records
// of a label and three planes of 32 x 32 bytes, red, green and blue; 10,000 records in a file.
#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "datasets/dataset.hpp"

namespace tapestry {

// Pictures (3, 32, 32) with labels 0 to 9 and the names of the classes, from cifar-10-binary.tar.gz as it was
// downloaded, from the folder cifar-10-batches-bin that was unpacked from it, or from a folder that holds either. Of
// five training batches those that are there are used, in their order, and a note says so. A batch that does not have
// exactly 10,000 whole records, or a label above 9, is an error that says how to get a good copy. The notes say
// whether an archive is the original one, by its SHA-256: another is reported, not refused.
Dataset load_cifar10(const std::filesystem::path& source, Split split);

// The first of these in which there is a batch, or an archive.
std::optional<std::filesystem::path> find_cifar10(const std::vector<std::filesystem::path>& sources);

}  // namespace tapestry
