// Draws pictures with a generator that a trainer saved.
//
//   ./apps/generate runs/.../generator.safetensors --rows 5 --columns 5 --seed 7 --out digits.png
//
// A picture depends on the seed and on its own number only: picture 3 is the same in a grid of 9 and among 10,000.
#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "apps/common/animation.hpp"
#include "apps/common/command_line.hpp"
#include "apps/common/file.hpp"
#include "apps/common/npy.hpp"
#include "apps/common/output_options.hpp"
#include "apps/common/saved_generator.hpp"

using namespace tapestry;

namespace {

struct Wishes {
  std::string checkpoint, out = "generated.png", folder, npy, walk;
  int rows = 5, columns = 5, scale = 2, interpolate = 0, frames = 60;
  Index count = 0;
  std::optional<int> label;
  std::uint64_t seed = 1;
  Palette palette = Palette::grey;
};

void declare(CLI::App& app, Wishes& w) {
  app.add_option("checkpoint", w.checkpoint, "generator.safetensors of a run")->type_name("FILE")->required();
  app.add_option("--rows", w.rows, "of the grid")->check(CLI::Range(1, 100));
  app.add_option("--columns", w.columns, "of the grid")->check(CLI::Range(1, 100));
  app.add_option("--count", w.count,
                 "how many pictures go into a folder or a .npy file; otherwise as many as the grid has")
      ->check(CLI::Range(Index(1), Index(10'000'000)));
  app.add_option("--seed", w.seed, "of the latents");
  app.add_option("--scale", w.scale, "each pixel becomes so many squared")->check(CLI::Range(1, 32));
  app.add_option("--colours", w.palette, "grey, inverted or viridis, for grey pictures")
      ->transform(CLI::CheckedTransformer(palettes))
      ->type_name("WORD");
  app.add_option("--class", w.label, "all pictures of this class, where the generator is conditional");
  app.add_option("--interpolate", w.interpolate, "each row leads from one latent to the next in so many steps")
      ->check(CLI::Range(2, 100));
  auto* out = app.add_option("--out", w.out, "the grid, a PNG file")->type_name("FILE");
  app.add_option("--pngs", w.folder, "instead of a grid, single PNG files in this folder")->type_name("DIR");
  app.add_option("--npy", w.npy, "instead of a grid, one array (N, C, H, W), in the generator's own scale")
      ->type_name("FILE");
  app.add_option("--walk", w.walk, "instead of a grid, an animated PNG: a walk through the latents")->type_name("FILE");
  app.add_option("--frames", w.frames, "of the walk")->check(CLI::Range(2, 10'000));
  app.set_help_flag("--help,-h", "print this help and stop");
  out->capture_default_str();
}

void check_class(const SavedGenerator& generator, const Wishes& w) {
  if (!w.label) return;
  if (generator.classes == 0)
    fail("--class: got ", *w.label, " for ", w.checkpoint,
         ", a generator that knows no classes; expected a conditional one; leave --class out");
  if (*w.label < 0 || *w.label >= generator.classes)
    fail("--class: got ", *w.label, "; expected 0 to ", generator.classes - 1);
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
  const Palette palette = generator.picture[0] == 3 ? Palette::grey : w.palette;
  return grid(pictures, generator.scale == Scale::zero_to_one ? 0 : -1, 1, layout, palette);
}

void save_folder(const SavedGenerator& generator, const Wishes& w, Index count, const GridLayout& one) {
  std::filesystem::create_directories(w.folder);
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
    const std::string written = generate(wishes);
    std::cout << "written: " << written << '\n';
    return exit_done;
  });
}
