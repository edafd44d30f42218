// Convolution without a column matrix. The table product (table_product.hpp) reads one operand number by number through
// two lists of offsets; so a padded copy of the picture stays as it is, and the lists say where the windows lie:
//
//   gather           rows: output pixels    depth: taps of a window     panels: output channels
//   scatter          rows: output pixels    depth: taps that reach one  panels: output channels
//   weight_gradient  rows: taps             depth: windows              panels: channels of the small picture
//
// A few pictures at a time form a group, so that small pictures still make enough rows.
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/pairwise_sum.hpp"
#include "autograd/kernels/parallel.hpp"
#include "autograd/kernels/pictures.hpp"

namespace tapestry::kernels::table {

constexpr Index rows_of_group = 192;     // or fewer
constexpr Index windows_of_group = 400;  // or fewer, whose products are summed at once

Tensor gather(const Convolution& k, const Tensor& x, const Tensor& w, const Epilogue& epilogue) {
  const Groups groups(k.N, rows_of_group / (k.P * k.Q));
  const Index G = groups.largest(), pixels = k.P * k.Q, depth = k.C * k.taps();
  const Padded padded = covered(k);
  const Offsets taps = taps_of_window(k, padded, padded.area(), k.C);
  const Offsets places = windows_of_pictures(k, padded, G, k.C * padded.area());
  const Offsets results = multiples(G * pixels, panel_width), planes = multiples(pixels, panel_width);

  const Scratch weights(panels(k.O) * depth * panel_width);  // w^T in panels of output channels
  parallel_for(panels(k.O), 0.5 * k.O * depth, [&](Index panel) {
    Real* const to = weights + panel * depth * panel_width;
    const Index channels = columns_in_panel(k.O, panel);
    if (channels < panel_width) std::fill_n(to, depth * panel_width, Real(0));
    transpose(w.data() + panel * panel_width * depth, depth, channels, depth, to, panel_width);
  });

  Tensor y = Tensor::uninitialized(k.small());
  Real* const to = y.writable();
  parallel_for(groups.count, k.nanoseconds(), [&](Index group) {
    const Index first = groups.first(group), count = groups.size(group);
    const Scratch pictures(G * k.C * padded.area()), sums(G * pixels * panel_width);
    for (Index plane = 0; plane < count * k.C; ++plane)
      pad(x.data() + (first * k.C + plane) * k.H * k.W, k.H, k.W, padded, pictures + plane * padded.area());
    for (Index panel = 0; panel < panels(k.O); ++panel) {
      table_product(count * pixels, columns_in_panel(k.O, panel), depth, pictures, places.data(), taps.data(),
                    weights + panel * depth * panel_width, panel_width, sums, results.data(), false);
      const Index channel = panel * panel_width;
      for (Index n = 0; n < count; ++n)
        channels_first(sums + n * pixels * panel_width, planes, channel, columns_in_panel(k.O, panel), epilogue,
                       to + ((first + n) * k.O + channel) * pixels);
    }
    epilogue.note(first, count, to + first * k.O * pixels);
  });
  return y;
}

// Scatter reads instead of writing: pixel (h, v) of the result is reached by the taps r = (h + top) mod stride, and
// every stride-th after it. So the result falls into stride_h x stride_w phases, each an ordinary stride-1 gather with
// its own taps: each number is one sum in registers, stored once.
Tensor scatter(const Convolution& k, const Tensor& y, const Tensor& w, const Epilogue& epilogue) {
  const Groups groups(k.N, rows_of_group / (k.P * k.Q));
  const Index G = groups.largest(), pixels = k.H * k.W, sh = k.g.stride_h, sw = k.g.stride_w;
  const Index above = (k.R() - 1) / sh, before = (k.S() - 1) / sw;  // how far back the taps of a pixel reach
  const Padded padded{above + (k.H - 1 + k.g.top) / sh + 1, before + (k.W - 1 + k.g.left) / sw + 1, above, before};

  struct Phase {
    Offsets taps;                  // places of its taps in the weights' window
    Offsets depth, rows, results;  // tables of the product
    Real* weights;                 // panels of this phase
  };
  std::vector<Phase> phases;
  const Scratch weights(panels(k.C) * panel_width * k.O * k.taps());
  Real* next = weights;
  for (Index fh = 0; fh < sh; ++fh)
    for (Index fw = 0; fw < sw; ++fw) {
      Phase phase;
      Offsets reach;  // how far back each tap looks
      for (Index r = fh; r < k.R(); r += sh)
        for (Index s = fw; s < k.S(); s += sw) {
          phase.taps.push_back(offset(r * k.S() + s));
          reach.push_back(offset(r / sh * padded.width + s / sw));
        }
      for (Index o = 0; o < k.O; ++o)
        for (int back : reach) phase.depth.push_back(offset(o * padded.area() - back));
      for (Index n = 0; n < G; ++n)
        for (Index h = (fh + sh - k.g.top % sh) % sh; h < k.H; h += sh)
          for (Index v = (fw + sw - k.g.left % sw) % sw; v < k.W; v += sw) {
            phase.rows.push_back(offset(n * k.O * padded.area() + (above + (h + k.g.top) / sh) * padded.width + before +
                                        (v + k.g.left) / sw));
            phase.results.push_back(offset((n * pixels + h * k.W + v) * panel_width));
          }
      phase.weights = next;
      next += panels(k.C) * panel_width * phase.depth.size();
      phases.push_back(std::move(phase));
    }
  parallel_for_blocks(k.O, 16, 1.0 * k.C * k.taps(), [&](Index begin, Index end) {
    const Index pitch = panels(k.C) * panel_width;
    const Scratch by_tap(k.taps() * pitch);
    std::fill_n(static_cast<Real*>(by_tap), k.taps() * pitch, Real(0));
    for (Index o = begin; o < end; ++o) {
      transpose(w.data() + o * k.C * k.taps(), k.taps(), k.C, k.taps(), by_tap, pitch);
      for (const Phase& phase : phases) {
        const Index taps = phase.taps.size(), depth = phase.depth.size();
        for (Index panel = 0; panel < panels(k.C); ++panel)
          for (Index t = 0; t < taps; ++t)
            copy_row(by_tap + phase.taps[t] * pitch + panel * panel_width, in_lanes(columns_in_panel(k.C, panel)),
                     phase.weights + (panel * depth + o * taps + t) * panel_width);
      }
    }
  });

  const Offsets planes = multiples(pixels, panel_width);
  Tensor x = Tensor::uninitialized(k.big());
  Real* const to = x.writable();
  parallel_for(groups.count, k.nanoseconds(), [&](Index group) {
    const Index first = groups.first(group), count = groups.size(group);
    const Scratch pictures(G * k.O * padded.area()), sums(G * pixels * panel_width);
    for (Index plane = 0; plane < count * k.O; ++plane)
      pad(y.data() + (first * k.O + plane) * k.P * k.Q, k.P, k.Q, padded, pictures + plane * padded.area());
    for (Index panel = 0; panel < panels(k.C); ++panel) {
      for (const Phase& phase : phases) {
        const Index depth = phase.depth.size(), rows = phase.rows.size() / G * count;
        table_product(rows, columns_in_panel(k.C, panel), depth, pictures, phase.rows.data(), phase.depth.data(),
                      phase.weights + panel * depth * panel_width, panel_width, sums, phase.results.data(), false);
      }
      const Index channel = panel * panel_width;
      for (Index n = 0; n < count; ++n)
        channels_first(sums + n * pixels * panel_width, planes, channel, columns_in_panel(k.C, panel), epilogue,
                       to + ((first + n) * k.C + channel) * pixels);
    }
    epilogue.note(first, count, to + first * k.C * pixels);
  });
  return x;
}

Tensor weight_gradient(const Convolution& k, const Tensor& x, const Tensor& y) {
  const Index G = std::clamp<Index>(windows_of_group / (k.P * k.Q), 1, chunk_samples), pixels = k.P * k.Q;
  const Index least = (12 + k.taps() - 1) / k.taps();  // channels that make two tiles of rows
  const Index slice = std::min(k.C, std::max(least, std::clamp<Index>(k.C / 4, 1, 32)));  // channels to a task
  const Index slices = (k.C + slice - 1) / slice;
  const Padded padded = covered(k);
  const Offsets taps = taps_of_window(k, padded, G * padded.area(), slice);  // channel after channel, of all pictures
  const Offsets places = windows_of_pictures(k, padded, G, padded.area());
  const Offsets results = multiples(slice * k.taps(), panel_width);

  const Index size = k.O * k.C * k.taps();
  const Scratch partial(chunks(k.N) * size);  // one sum for each chunk of the batch
  parallel_for(chunks(k.N) * slices, k.nanoseconds(), [&](Index task) {
    const Index chunk = task / slices, channel = task % slices * slice, channels = std::min(slice, k.C - channel);
    const Index rows = channels * k.taps(), end = std::min(k.N, (chunk + 1) * chunk_samples);
    const Scratch pictures(slice * G * padded.area()), small(G * pixels * panel_width);
    const Scratch sums(panels(k.O) * rows * panel_width);
    for (Index first = chunk * chunk_samples; first < end; first += G) {
      const Index count = std::min(G, end - first);
      for (Index c = 0; c < channels; ++c)
        for (Index n = 0; n < count; ++n)
          pad(x.data() + ((first + n) * k.C + channel + c) * k.H * k.W, k.H, k.W, padded,
              pictures + (c * G + n) * padded.area());
      for (Index panel = 0; panel < panels(k.O); ++panel) {
        const Index columns = columns_in_panel(k.O, panel);
        if (columns < panel_width) std::fill_n(static_cast<Real*>(small), count * pixels * panel_width, Real(0));
        for (Index n = 0; n < count; ++n)
          transpose(y.data() + ((first + n) * k.O + panel * panel_width) * pixels, pixels, columns, pixels,
                    small + n * pixels * panel_width, panel_width);
        table_product(rows, columns, count * pixels, pictures, taps.data(), places.data(), small, panel_width,
                      sums + panel * rows * panel_width, results.data(), first > chunk * chunk_samples);
      }
    }
    for (Index panel = 0; panel < panels(k.O); ++panel)
      transpose(sums + panel * rows * panel_width, panel_width, rows, columns_in_panel(k.O, panel),
                partial + chunk * size + (panel * panel_width * k.C + channel) * k.taps(), k.C * k.taps());
  });
  return sum_in_pairs(partial, chunks(k.N), k.weight());
}

}  // namespace tapestry::kernels::table
