#include "datasets/cifar10.hpp"

#include <algorithm>
#include <functional>

#include "autograd/error.hpp"
#include "datasets/sha256.hpp"
#include "datasets/tar.hpp"

namespace tapestry {
namespace {

namespace fs = std::filesystem;

constexpr int classes = 10;
constexpr std::size_t records = 10'000, picture_bytes = 3 * 32 * 32, record_bytes = 1 + picture_bytes;
constexpr std::size_t batch_bytes = records * record_bytes;

constexpr const char* archive_name = "cifar-10-binary.tar.gz";
constexpr std::uint64_t archive_bytes = 170'052'171;
constexpr const char* archive_sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd";
constexpr const char* advice =
    "a good copy is cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html; "
    "\"curl -C - -O https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz\" goes on with a download that broke off";

const std::vector<std::string> training_files = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                                 "data_batch_4.bin", "data_batch_5.bin"};
const std::vector<std::string> test_files = {"test_batch.bin"};

using Bytes = std::vector<std::uint8_t>;

bool is_file(const fs::path& path) {
  std::error_code unreadable;
  return fs::is_regular_file(path, unreadable);
}

bool holds_batches(const fs::path& folder) {
  const auto there = [&](const std::string& name) { return is_file(folder / name); };
  return std::any_of(training_files.begin(), training_files.end(), there) || there(test_files[0]);
}

// The folder with the batches, or the archive.
std::optional<fs::path> locate(const fs::path& source) {
  for (const fs::path& folder : {source, source / "cifar-10-batches-bin"})
    if (holds_batches(folder)) return folder;
  for (const fs::path& archive : {source, source / archive_name})
    if (is_file(archive)) return archive;
  return std::nullopt;
}

void check_size(const std::string& batch, std::uint64_t size) {
  if (size != batch_bytes)
    fail(batch, ": has ", size, " bytes; expected ", batch_bytes, ", ", records, " records of ", record_bytes);
}

// Empty where there is no such file.
Bytes batch_in_folder(const fs::path& folder, const std::string& name) {
  const fs::path file = folder / name;
  if (!is_file(file)) return {};
  check_size(file.string(), fs::file_size(file));
  Bytes batch(batch_bytes);
  check_size(file.string(), PackedFile(file).read(batch.data(), batch_bytes));
  return batch;
}

std::vector<Bytes> batches_in_folder(const fs::path& folder, const std::vector<std::string>& names) {
  std::vector<Bytes> batches;
  for (const std::string& name : names) batches.push_back(batch_in_folder(folder, name));
  return batches;
}

// One for each name, in the order of the names; empty where the archive has no such member.
std::vector<Bytes> batches_in_archive(const fs::path& archive, const std::vector<std::string>& names) try {
  std::vector<Bytes> batches(names.size());
  TarReader tar(archive);
  while (const auto member = tar.next()) {
    const auto name = std::find(names.begin(), names.end(), fs::path(member->name).filename());
    if (name == names.end()) continue;
    check_size(archive.string() + ": " + member->name, member->size);
    batches[name - names.begin()] = tar.content();
  }
  return batches;
} catch (const Error& error) {
  fail(error.what(), "; the original archive has ", archive_bytes, " bytes, this one ", fs::file_size(archive));
}

void append(Dataset& data, const Bytes& batch, const std::string& name) {
  for (std::size_t i = 0; i < records; ++i) {
    const auto record = batch.begin() + i * record_bytes;
    if (*record >= classes) fail(name, ": record ", i, " has label ", int{*record}, "; expected 0 to ", classes - 1);
    data.labels.push_back(*record);
    data.pixels.insert(data.pixels.end(), record + 1, record + record_bytes);
  }
}

std::string verdict(const fs::path& archive) {
  const std::string sum = sha256_of_file(archive);
  return archive.string() + (sum == archive_sha256 ? ": verified, the original archive"
                                                   : ": not the original archive (sha256 " + sum + ")");
}

Dataset load(const fs::path& place, const std::vector<std::string>& names) {
  const bool archive = is_file(place);
  std::vector<Bytes> batches = archive ? batches_in_archive(place, names) : batches_in_folder(place, names);
  const auto missing = std::count(batches.begin(), batches.end(), Bytes{});
  const auto found = names.size() - missing;
  if (found == 0) fail(place.string(), ": has no ", names[0]);

  Dataset data{"CIFAR-10", {3, 32, 32}, {}, {}, classes, {}, {}};
  data.class_names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  data.pixels.reserve(found * records * picture_bytes);
  std::string used;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (batches[i].empty()) continue;
    append(data, batches[i], (place / names[i]).string());
    used += (used.empty() ? "" : ", ") + names[i];
    batches[i] = {};
  }
  if (archive) data.notes.push_back(verdict(place));
  if (missing > 0)
    data.notes.push_back(place.string() + ": has " + std::to_string(found) + " of " + std::to_string(names.size()) +
                         " training batches (" + used + "); these are used");
  return data;
}

}  // namespace

Dataset load_cifar10(const fs::path& source, Split split) {
  try {
    const auto place = locate(source);
    if (!place)
      fail(source.string(), ": has no batches of CIFAR-10; expected data_batch_1.bin, ..., test_batch.bin, a folder ",
           "cifar-10-batches-bin with them, or ", archive_name);
    return take(load(*place, in_training_set(split) ? training_files : test_files), split);
  } catch (const Error& error) {
    fail(error.what(), "; ", advice);
  }
}

std::optional<fs::path> find_cifar10(const std::vector<fs::path>& sources) {
  for (const fs::path& source : sources)
    if (locate(source)) return source;
  return std::nullopt;
}

}  // namespace tapestry
