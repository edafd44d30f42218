#include "datasets/picture_folder.hpp"

#include <algorithm>

#include "autograd/error.hpp"
#include "autograd/kernels/parallel.hpp"
#include "datasets/picture_file.hpp"

namespace tapestry {
namespace {

namespace fs = std::filesystem;

constexpr Index most_side = 4096;
constexpr std::size_t most_classes = 256;  // labels are bytes

bool hidden(const fs::path& path) { return path.filename().string().starts_with("."); }

std::vector<fs::path> sorted(std::vector<fs::path> paths) {
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) { return a.string() < b.string(); });
  return paths;
}

bool leads_back(const fs::path& inner, const fs::path& folder) {
  const fs::path way = fs::canonical(folder).lexically_relative(fs::canonical(inner));
  return *way.begin() != "..";
}

// A link that leads nowhere is a file too, which then cannot be read.
bool is_file(const fs::directory_entry& entry) {
  std::error_code nowhere;
  return !entry.is_directory(nowhere) && (entry.is_regular_file(nowhere) || entry.is_symlink(nowhere));
}

// What lies in the folder itself, without what is hidden and without links to where we came from.
struct Content {
  std::vector<fs::path> files, folders;
};
Content content(const fs::path& folder) {
  Content found;
  std::error_code nowhere;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (hidden(entry.path())) continue;
    if (is_file(entry)) found.files.push_back(entry.path());
    if (entry.is_directory(nowhere) && !leads_back(entry.path(), folder)) found.folders.push_back(entry.path());
  }
  return {sorted(found.files), sorted(found.folders)};
}

// All files below a folder; links to folders are not followed, so that no loop of them can catch us.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> found;
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator(); ++entry) {
    if (hidden(entry->path())) entry.disable_recursion_pending();
    if (!hidden(entry->path()) && is_file(*entry)) found.push_back(entry->path());
  }
  return sorted(found);
}

// "a, b, c and 4 more"
std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i ? ", " : "") + names[i];
  return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

// The pictures of a folder in their order, each with its class.
struct Listing {
  std::vector<fs::path> pictures;
  std::vector<std::uint8_t> labels;
  std::vector<std::string> class_names, other_files;
};

void add_class(Listing& listing, const fs::path& folder, const std::string& name, const std::vector<fs::path>& files) {
  const std::size_t before = listing.pictures.size();
  for (const fs::path& file : files)
    if (is_named_like_a_picture(file))
      listing.pictures.push_back(file);
    else
      listing.other_files.push_back(file.lexically_relative(folder).string());
  if (listing.pictures.size() == before) return;
  listing.labels.resize(listing.pictures.size(), static_cast<std::uint8_t>(listing.class_names.size()));
  listing.class_names.push_back(name);
}

Listing list_pictures(const fs::path& folder) {
  const std::string who = folder.string();
  Listing listing;
  const Content top = content(folder);
  add_class(listing, folder, fs::canonical(folder).filename().string(), top.files);
  const std::size_t beside = listing.pictures.size();
  for (const fs::path& sub : top.folders) {
    add_class(listing, folder, sub.filename().string(), files_below(sub));
    if (beside > 0 && listing.pictures.size() > beside)
      fail(who, ": has ", beside, " pictures of its own and others in ", sub.filename().string(),
           "; expected all in it, or all in its sub-folders, which are the classes; move the pictures");
    if (listing.class_names.size() > most_classes)
      fail(who, ": has more than ", most_classes, " sub-folders with pictures; expected at most so many classes; put ",
           "the pictures into fewer");
  }
  if (listing.pictures.empty())
    fail(who, ": has no pictures; expected .png, .jpg or .jpeg files in it, or in sub-folders, one for each class",
         listing.other_files.empty() ? "" : "; it has " + list(listing.other_files));
  return listing;
}

}  // namespace

Dataset load_picture_folder(const fs::path& folder, const Shape& picture_shape, Unreadable unreadable) try {
  const std::string who = folder.string();
  const Shape& shape = picture_shape;
  if (shape.rank() != 3 || (shape[0] != 1 && shape[0] != 3) || std::max(shape[1], shape[2]) > most_side)
    fail(who, ": asked for pictures of shape ", shape, "; expected (1, H, W) or (3, H, W), at most ", most_side,
         " high and wide");
  const Listing listing = list_pictures(folder);
  const Index count = static_cast<Index>(listing.pictures.size()), size = shape.size();
  Dataset data{who, shape, {}, {}, static_cast<int>(listing.class_names.size()), listing.class_names, {}};
  data.pixels.resize(count * size);
  std::vector<std::string> reasons(count);
  kernels::parallel_for(count, 1e6 * static_cast<double>(count), [&](Index i) {
    reasons[i] = read_picture(listing.pictures[i], shape, data.pixels.data() + i * size);
  });

  std::vector<std::string> bad;
  for (Index i = 0, kept = 0; i < count; ++i) {
    if (!reasons[i].empty()) {
      bad.push_back(listing.pictures[i].lexically_relative(folder).string() + " (" + reasons[i] + ")");
      continue;
    }
    if (kept < i) std::copy_n(data.pixels.begin() + i * size, size, data.pixels.begin() + kept * size);
    data.labels.push_back(listing.labels[i]);
    ++kept;
  }
  data.pixels.resize(data.labels.size() * size);
  const std::string which = std::to_string(bad.size()) + " of " + std::to_string(count) + " pictures";
  if (!bad.empty() && (unreadable == Unreadable::refuse || data.labels.empty()))
    fail(who, ": ", which, " cannot be read: ", list(bad), "; expected whole PNG or JPEG pictures; mend or remove them",
         data.labels.empty() ? "" : ", or have them skipped");
  if (!bad.empty()) data.notes.push_back(who + ": skipped " + which + " that cannot be read: " + list(bad));
  if (!listing.other_files.empty())
    data.notes.push_back(who + ": left alone what is not called .png, .jpg or .jpeg: " + list(listing.other_files));
  return data;
} catch (const fs::filesystem_error& error) {
  fail(error.path1().string(), ": cannot be looked into (", error.code().message(),
       "); expected a folder of pictures; check its name and its permissions");
}

}  // namespace tapestry
