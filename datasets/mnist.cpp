#include "datasets/mnist.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "autograd/error.hpp"
#include "datasets/idx.hpp"
#include "datasets/sha256.hpp"

namespace tapestry {
namespace {

namespace fs = std::filesystem;

struct Kind {
  std::vector<std::string_view> stems;  // MNIST says t10k, EMNIST says test
  std::string_view what, format;        // images, idx3-ubyte
};

Kind kind(bool training, std::string_view what, std::string_view format) {
  using Stems = std::vector<std::string_view>;
  return {training ? Stems{"train"} : Stems{"t10k", "test"}, what, format};
}
Kind image_files(bool training) { return kind(training, "images", "idx3-ubyte"); }
Kind label_files(bool training) { return kind(training, "labels", "idx1-ubyte"); }

// All names that the file may have, the usual one first.
std::vector<std::string> names(const Kind& kind) {
  std::vector<std::string> all;
  for (const std::string_view stem : kind.stems)
    for (const char* joint : {"-", "."})
      for (const char* packing : {"", ".gz"})
        all.push_back(std::string(stem) + "-" + std::string(kind.what) + joint + std::string(kind.format) + packing);
  return all;
}

std::string advice(const Kind& kind) {
  return "a good copy of MNIST's is at https://ossci-datasets.s3.amazonaws.com/mnist/" + names(kind).front() + ".gz";
}

std::optional<fs::path> find(const fs::path& folder, const std::string& prefix, const Kind& kind) {
  for (const std::string& name : names(kind))
    if (std::error_code unreadable; fs::is_regular_file(folder / (prefix + name), unreadable))
      return folder / (prefix + name);
  return std::nullopt;
}

// What stands before the usual names, "emnist-letters-", in the order of the alphabet.
std::set<std::string> prefixes(const fs::path& folder, const Kind& kind) {
  std::set<std::string> found;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    const std::string file = entry.path().filename().string();
    for (const std::string& name : names(kind))
      if (file.ends_with("-" + name)) found.insert(file.substr(0, file.size() - name.size()));
  }
  return found;
}

// Nothing stands before the names of MNIST, Fashion-MNIST and KMNIST.
std::string prefix_in(const fs::path& folder, const Kind& images) {
  if (find(folder, "", images)) return "";
  const std::set<std::string> found = prefixes(folder, images);
  if (found.size() > 1)
    fail(folder.string(), ": has files of ", *found.begin(), "* and ", *std::next(found.begin()),
         "*; expected those of one data set; keep each in a folder of its own, or name the files");
  return found.empty() ? "" : *found.begin();
}

fs::path find_or_fail(const fs::path& folder, const std::string& prefix, const Kind& kind) {
  if (const auto file = find(folder, prefix, kind)) return *file;
  fail(folder.string(), ": has no ", prefix, names(kind).front(),
       ", with or without .gz; expected a folder with the files of MNIST; ", advice(kind));
}

// Published sums of MNIST are of the files unpacked, those of Fashion-MNIST of the packed ones.
struct KnownFile {
  std::string_view sha256, data_set;
  bool training;
  std::string_view what;
};
constexpr std::array<KnownFile, 8> known_files{{
    {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", "MNIST", true, "images"},
    {"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", "MNIST", true, "labels"},
    {"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", "MNIST", false, "images"},
    {"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", "MNIST", false, "labels"},
    {"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", "Fashion-MNIST", true, "images"},
    {"a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", "Fashion-MNIST", true, "labels"},
    {"346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", "Fashion-MNIST", false, "images"},
    {"67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", "Fashion-MNIST", false, "labels"},
}};

const KnownFile* look_up(const std::string& sha256) {
  const auto known = std::find_if(known_files.begin(), known_files.end(),
                                  [&](const KnownFile& candidate) { return candidate.sha256 == sha256; });
  return known == known_files.end() ? nullptr : &*known;
}

std::vector<std::string> class_names(std::string_view data_set) {
  if (data_set != "Fashion-MNIST") return {};
  return {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"};
}

struct Part {
  fs::path file;
  IdxFile idx;
  const KnownFile* known;  // none: some other file
  std::string note;
};

Part read_part(const fs::path& file, int rank, const std::string& advice) {
  Part part{file, read_idx(file, rank, advice), nullptr, ""};
  part.known = look_up(part.idx.sha256);
  if (!part.known) part.known = look_up(sha256_of_file(file));
  part.note = file.string() + ": not a file of MNIST or Fashion-MNIST (sha256 " + part.idx.sha256 + ")";
  if (part.known)
    part.note = file.string() + ": verified, " + std::string(part.known->data_set) + "'s " +
                (part.known->training ? "training " : "test ") + std::string(part.known->what);
  return part;
}

// The data set that both files belong to, or none.
const KnownFile* common(const Part& images, const Part& labels) {
  const KnownFile *a = images.known, *b = labels.known;
  return a && b && a->data_set == b->data_set ? a : nullptr;
}

void check_count(const Part& labels, const Part& images, const std::string& advice) {
  const Index expected = images.idx.shape[0];
  if (labels.idx.shape[0] != expected)
    fail(labels.file.string(), ": has ", labels.idx.shape[0], " labels; expected ", expected,
         ", one for each picture of ", images.file.string(), "; ", advice);
}

// (N, H, W) becomes (N, W, H).
std::vector<std::uint8_t> transposed(const std::vector<std::uint8_t>& pixels, const Shape& shape) {
  const Index H = shape[1], W = shape[2];
  std::vector<std::uint8_t> turned(pixels.size());
  for (Index n = 0; n < shape[0]; ++n)
    for (Index x = 0; x < W; ++x)
      for (Index y = 0; y < H; ++y) turned[(n * W + x) * H + y] = pixels[(n * H + y) * W + x];
  return turned;
}

// Named as the data set that the files are known to belong to, or else as told.
Dataset load(const IdxFiles& files, const std::string& name, Orientation orientation, const std::string& images_advice,
             const std::string& labels_advice) {
  Part images = read_part(files.images, 3, images_advice);
  const Shape& shape = images.idx.shape;
  Dataset data{name, {1, shape[1], shape[2]}, std::move(images.idx.values), {}, 0, {}, {images.note}};
  if (files.labels) {
    Part labels = read_part(*files.labels, 1, labels_advice);
    check_count(labels, images, labels_advice);
    data.labels = std::move(labels.idx.values);
    data.classes = 1 + *std::max_element(data.labels.begin(), data.labels.end());
    data.notes.push_back(labels.note);
    if (const KnownFile* known = common(images, labels)) {
      data.name = known->data_set;
      data.class_names = class_names(known->data_set);
    }
  }
  if (orientation == Orientation::transposed) {
    data.pixels = transposed(data.pixels, shape);
    data.picture_shape = {1, shape[2], shape[1]};
  } else if (files.images.filename().string().starts_with("emnist")) {
    data.notes.push_back(files.images.string() +
                         ": EMNIST holds pictures with rows and columns exchanged; transposed they stand upright");
  }
  return data;
}

}  // namespace

Dataset load_idx(const IdxFiles& files, Orientation orientation) {
  const std::string advice = "get a whole copy of the file from where it came";
  return load(files, files.images.string(), orientation, advice, advice);
}

Dataset load_mnist(const fs::path& folder, Split split, Orientation orientation) {
  const Kind images = image_files(in_training_set(split)), labels = label_files(in_training_set(split));
  const std::string prefix = prefix_in(folder, images);
  const IdxFiles files{find_or_fail(folder, prefix, images), find_or_fail(folder, prefix, labels)};
  return take(load(files, folder.string(), orientation, advice(images), advice(labels)), split);
}

std::optional<fs::path> find_mnist(const std::vector<fs::path>& folders) {
  std::optional<fs::path> part;
  for (const fs::path& folder : folders) {
    const std::string prefix = prefix_in(folder, image_files(true));
    const bool images = find(folder, prefix, image_files(true)).has_value();
    const bool labels = find(folder, prefix, label_files(true)).has_value();
    if (images && labels) return folder;
    if ((images || labels) && !part) part = folder;
  }
  return part;
}

}  // namespace tapestry
