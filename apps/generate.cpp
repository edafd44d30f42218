// Draws pictures with a generator that a trainer saved.
//
//   ./apps/generate runs/.../generator.safetensors --rows 5 --columns 5 --seed 7 --out digits.png
//
// A picture depends on the seed and on its own number only: picture 3 is the same in a grid of 9 and among 10,000.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>

#include "apps/common/animation.hpp"
#include "apps/common/command_line.hpp"
#include "apps/common/file.hpp"
#include "apps/common/npy.hpp"
#include "apps/common/output_options.hpp"
#include "apps/common/problems.hpp"
#include "apps/common/saved_generator.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

struct Wishes {
  std::string checkpoint, out = "generated.png", folder, npy, walk, colours = "grey";
  int rows = 5, columns = 5, scale = 2, interpolate = 0, frames = 60;
  Index count = 0;
  std::optional<int> label;
  std::uint64_t seed = 1;
};

CLI::Option* add_number(CLI::App& app, const std::string& name, auto& number, const std::string& what, Index low,
                        Index high) {
  return app.add_option(name, number, what)->type_name("N")->check(integer_from(low, high));
}

// A wrong ending would replace a file of another kind.
CLI::Option* add_file(CLI::App& app, const std::string& name, std::string& file, const std::string& what,
                      const std::string& ending) {
  const auto check = [=](const std::string& word) {
    return word.ends_with(ending) ? "" : "got " + word + "; expected a name that ends in " + ending;
  };
  return app.add_option(name, file, what)->type_name("FILE")->check(check);
}

std::vector<std::string> words_of(const Options::Words<Palette>& palettes) {
  std::vector<std::string> words;
  for (const auto& [word, palette] : palettes) words.push_back(word);
  return words;
}

void declare(CLI::App& app, Wishes& w) {
  app.add_option("checkpoint", w.checkpoint, "generator.safetensors of a run")->type_name("FILE")->required();
  add_number(app, "--rows", w.rows, "rows of the grid, 1 to 100", 1, 100)->capture_default_str();
  add_number(app, "--columns", w.columns, "columns of the grid, 1 to 100", 1, 100)->capture_default_str();
  add_number(app, "--count", w.count, "how many pictures --pngs or --npy gets; otherwise as many as the grid has", 1,
             10'000'000);
  add_number(app, "--seed", w.seed, "seed of the latents", 0, std::numeric_limits<std::int64_t>::max())
      ->capture_default_str();
  add_number(app, "--scale", w.scale, "height and width of each pixel, 1 to 32", 1, 32)->capture_default_str();
  app.add_option("--colours", w.colours, "grey, inverted or viridis, for grey pictures")
      ->check(one_of(words_of(palettes)))
      ->type_name("WORD")
      ->capture_default_str();
  app.add_option("--class", w.label, "all pictures of this class, where the generator is conditional; otherwise of all")
      ->type_name("N");
  add_number(app, "--interpolate", w.interpolate,
             "each row leads from one latent to the next in so many steps, 2 to 100", 2, 100);
  add_file(app, "--out", w.out, "the grid, a PNG file", ".png")->capture_default_str();
  app.add_option("--pngs", w.folder, "instead of a grid, single PNG files in this folder, a new or an empty one")
      ->type_name("DIR")
      ->check([](const std::string& name) { return name.empty() ? "got no name; expected that of a folder" : ""; });
  add_file(app, "--npy", w.npy, "instead of a grid, one array (N, C, H, W), in the generator's own scale", ".npy");
  add_file(app, "--walk", w.walk, "instead of a grid, an animated PNG: a walk through the latents", ".png");
  add_number(app, "--frames", w.frames, "frames of the walk, 2 to 10000", 2, 10'000)->capture_default_str();
  app.set_help_flag("--help,-h", "print this help and stop");
  app.footer(exit_codes);
}

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  throw ConfigurationError((std::string() + ... + parts));
}

// An option that would change nothing is a mistake, and so is a second output.
void check_options(const CLI::App& app) {
  using Words = std::pair<std::string, std::string>;
  const Words outputs[] = {
      {"--out", "a grid"}, {"--pngs", "single files"}, {"--npy", "an array"}, {"--walk", "a walk"}};
  const Words changes[] = {{"--rows", "--out, --pngs or --npy"},
                           {"--columns", "--out, --pngs or --npy"},
                           {"--count", "--pngs or --npy"},
                           {"--scale", "--out, --pngs or --walk"},
                           {"--colours", "--out, --pngs or --walk"},
                           {"--interpolate", "--out"},
                           {"--frames", "--walk"}};
  const auto got = [&](const std::string& option) { return option + ": got " + app[option]->as<std::string>(); };
  auto [output, kind] = outputs[0];  // where none is asked for
  for (const auto& [option, its_kind] : outputs) {
    if (!app.count(option)) continue;
    if (app.count(output) && output != option)
      refuse(got(option), " beside ", output, "; expected one kind of output; leave one of them out");
    output = option, kind = its_kind;
  }
  for (const auto& [option, changed] : changes)
    if (app.count(option) && changed.find(output) == std::string::npos)
      refuse(got(option), " for ", kind, "; expected ", changed, " beside it; otherwise leave it out");
  for (const char* size : {"--rows", "--columns"})
    if (app.count(size) && app.count("--count"))
      refuse(got(size), " beside --count; expected one of them, since both say how many pictures; leave ", size,
             " out");
  if (app.count("--columns") && app.count("--interpolate"))
    refuse(got("--columns"),
           " beside --interpolate; expected one of them, since its steps are the columns; leave --columns out");
}

void check_class(const SavedGenerator& generator, const Wishes& w) {
  if (!w.label) return;
  const std::string got = "--class: got " + std::to_string(*w.label);
  if (generator.classes == 0)
    refuse(got, " for ", w.checkpoint,
           ", a generator that knows no classes; expected a conditional one; leave --class out");
  if (*w.label < 0 || *w.label >= generator.classes)
    refuse(got, "; expected 0 to ", std::to_string(generator.classes - 1));
}

// Latents first ... first + count - 1. Without --class, classes take turns: from picture to picture, or, in a grid,
// from row to row.
Batch latents(const SavedGenerator& generator, const Wishes& w, Index count, Index first = 0, Index in_a_row = 1) {
  Batch z =
      draw_latents(generator.latent, generator.codes, generator.classes, count, Random(w.seed)("generate"), first);
  for (Index i = 0; i < count && generator.classes; ++i)
    z.labels.writable()[i] = static_cast<Real>(w.label.value_or((first + i) / in_a_row % generator.classes));
  return z;
}

// From a to b along the sphere on which normal latents nearly lie: Shoemake, "Animating rotation with quaternion
// curves", 1985. Straight where there is no angle between them, and for uniform latents.
void interpolate(const Real* a, const Real* b, Index size, double t, bool along_sphere, Real* to) {
  double aa = 0, bb = 0, ab = 0;
  for (Index i = 0; i < size; ++i) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
  const double angle = std::acos(std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0)), sine = std::sin(angle);
  const bool curved = along_sphere && sine > 1e-6;
  const double of_a = curved ? std::sin((1 - t) * angle) / sine : 1 - t, of_b = curved ? std::sin(t * angle) / sine : t;
  for (Index i = 0; i < size; ++i) to[i] = static_cast<Real>(of_a * a[i] + of_b * b[i]);
}

// `count` steps from latent to latent; a closed way ends before the first again, an open one at the last.
Batch way(const SavedGenerator& generator, const Batch& stations, Index count, bool closed) {
  const Index size = stations.x.shape()[1], legs = closed ? stations.count() : stations.count() - 1;
  const bool along_sphere = generator.latent.distribution == Distribution::normal;
  Batch z{Tensor({count, size}, 0)};
  if (!stations.labels.empty()) z.labels = Tensor({count}, stations.labels[0]);
  Real* const to = z.x.writable();
  for (Index i = 0; i < count; ++i) {
    const double at = double(i) * legs / double(closed ? count : count - 1);
    const Index leg = std::min(static_cast<Index>(at), legs - 1), next = (leg + 1) % stations.count();
    interpolate(stations.x.data() + leg * size, stations.x.data() + next * size, size, at - double(leg), along_sphere,
                to + i * size);
  }
  return z;
}

Picture shown(const SavedGenerator& generator, const Wishes& w, const Tensor& pictures, const GridLayout& layout) {
  const std::string colours = generator.picture[0] == 3 ? "grey" : w.colours;
  const auto palette =
      std::find_if(palettes.begin(), palettes.end(), [&](const auto& p) { return p.first == colours; });
  return grid(pictures, generator.scale == Scale::zero_to_one ? 0 : -1, 1, layout, palette->second);
}

// Pictures of an earlier call would mix with those of this one.
void claim_folder(const std::string& folder) {
  if (fs::exists(folder) && !fs::is_directory(folder))
    fail(folder, ": is a file; expected a folder; choose another with --pngs");
  fs::create_directories(folder);
  if (!fs::is_empty(folder))
    fail(folder, ": holds ", fs::directory_iterator(folder)->path().filename().string(),
         " already; expected a new or empty folder; choose another with --pngs");
}

void save_folder(const SavedGenerator& generator, const Wishes& w, Index count, const GridLayout& one) {
  claim_folder(w.folder);
  const std::size_t digits = std::to_string(count - 1).size();
  constexpr Index at_once = 256;
  for (Index first = 0; first < count; first += at_once) {
    const Index part = std::min(at_once, count - first);
    const Tensor pictures = generator.draw(latents(generator, w, part, first));
    for (Index i = 0; i < part; ++i) {
      std::string number = std::to_string(first + i);
      number.insert(0, digits - number.size(), '0');
      write_png(w.folder + "/" + number + ".png", shown(generator, w, slice(pictures, 0, i, i + 1).value(), one));
    }
  }
}

std::string generate(const Wishes& w) {
  const SavedGenerator generator = load_generator(w.checkpoint);
  check_class(generator, w);
  const GridLayout layout{.rows = w.rows, .columns = w.columns, .scale = w.scale};
  const GridLayout one{.rows = 1, .columns = 1, .scale = w.scale, .gap = 0};
  const Index count = w.count ? w.count : Index(w.rows) * w.columns;
  if (!w.folder.empty()) return save_folder(generator, w, count, one), w.folder;
  if (!w.npy.empty()) return write_npy(w.npy, generator.draw(latents(generator, w, count))), w.npy;
  if (!w.walk.empty()) {
    constexpr Index stations = 4;
    const Tensor pictures = generator.draw(way(generator, latents(generator, w, stations), w.frames, true));
    std::vector<Picture> frames;
    for (Index i = 0; i < w.frames; ++i)
      frames.push_back(shown(generator, w, slice(pictures, 0, i, i + 1).value(), one));
    write_file(w.walk, encode_animation(frames, 80));
    return w.walk;
  }
  Tensor pictures;
  if (w.interpolate) {
    Vars rows;
    for (Index row = 0; row < w.rows; ++row)
      rows.push_back(generator.draw(way(generator, latents(generator, w, 2, row), w.interpolate, false)));
    pictures = concat(rows, 0).value();
  } else {
    pictures = generator.draw(latents(generator, w, Index(w.rows) * w.columns, 0, w.columns));
  }
  GridLayout cells = layout;
  if (w.interpolate) cells.columns = w.interpolate;
  write_png(w.out, shown(generator, w, pictures, cells));
  return w.out;
}

}  // namespace

int main(int argc, char** argv) {
  Wishes wishes;
  CLI::App app("Draws pictures with a generator that a trainer saved.", "generate");
  declare(app, wishes);
  return run_program(app, argc, argv, [&] {
    check_options(app);
    const std::string written = generate(wishes);
    std::cout << "written: " << written << '\n';
    return exit_done;
  });
}
