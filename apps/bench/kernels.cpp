// How fast the kernels are, and how near to what the machine can do. Whole steps: steps.cpp.
//
//   make bench            tables on the screen, and build/bench.json
//
// Machines have good and bad moments, so an absolute time means little: everything is measured in turn, round after
// round, with the machine's own peak in each round, and the median share of that peak is what counts. GFLOP/s are two
// times the multiply-adds that the direct algorithm needs, over the time.
#include <CLI/CLI.hpp>
#include <functional>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "apps/common/benchmark.hpp"
#include "apps/common/command_line.hpp"
#include "apps/common/configuration.hpp"
#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/kept_weights.hpp"
#include "autograd/kernels/peak.hpp"
#include "autograd/machine.hpp"
#include "layers/layers.hpp"

using namespace tapestry;

namespace {

constexpr int rounds = 7;

// A layer of a recipe as a convolution, seen from its big picture, whichever way the recipe uses it. A linear layer is
// one of a single pixel.
struct LayerCase {
  std::string name;  // S2 discriminator.0: 1-64, 3x3 stride 2, 28x28/14x14
  kernels::Convolution k;
};

bool is_linear(const kernels::Convolution& k) { return k.H * k.W == 1; }

std::string describe(const std::string& where, const kernels::Convolution& k) {
  std::ostringstream text;
  text << where << ": " << k.C << "-" << k.O << ", ";
  if (is_linear(k))
    text << "linear";
  else
    text << k.R() << "x" << k.S() << " stride " << k.g.stride_h << ", " << k.H << "x" << k.W << "/" << k.P << "x"
         << k.Q;
  return text.str();
}

void collect(const std::string& network, const Sequential& layers, Shape shape, std::vector<LayerCase>& cases) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Shape in = shape;
    shape = layers[i].output_shape(in);
    kernels::Convolution k;
    if (auto* conv = dynamic_cast<Conv2d*>(&layers[i]))
      k = {in[0], in[1], in[2], in[3], shape[1], shape[2], shape[3], conv->geometry(in).fitted(in[2], in[3])};
    else if (auto* transposed = dynamic_cast<ConvTranspose2d*>(&layers[i]))
      k = {in[0], shape[1], shape[2], shape[3], in[1], in[2], in[3], transposed->geometry()};
    else if (dynamic_cast<Linear*>(&layers[i]))
      k = {in[0], in[1], 1, 1, shape[1], 1, 1, Geometry{}};
    else
      continue;
    cases.push_back({describe(network + "." + std::to_string(i), k), k});
  }
}

struct Recipe {
  std::string name;  // S2
  Shape picture;
  Configuration c;
};

std::vector<Recipe> recipes() {
  std::vector<Recipe> all;
  const auto add = [&](const char* name, const char* source, Shape picture, const char* file) {
    all.push_back({name, picture, read_configuration(JsonSource::from_file(file), Trainer{{source}})});
  };
  add("S0", "cifar10", {3, 32, 32}, "apps/configs/cifar10_keras.json");
  add("S2", "mnist", {1, 28, 28}, "apps/configs/mnist_keras.json");
  add("S3", "mnist", {1, 28, 28}, "apps/configs/mnist_tf1.json");
  add("S4", "mnist", {1, 28, 28}, "apps/configs/mnist_tf2.json");
  return all;
}

struct Rate {  // billions of operations a second, and their share of the peak
  double gflops, share;
};

// Median rate of each variant; each round measures the peak, and then every variant once. What takes longer than half a
// second is measured in the first two rounds only.
std::vector<Rate> measure(double flops, const std::vector<std::function<void()>>& variants, double& peak_gflops) {
  std::vector<double> peaks;
  std::vector<std::vector<double>> times(variants.size()), shares(variants.size());
  for (const auto& variant : variants) variant();  // memory is there, tables are in the cache
  for (int round = 0; round < rounds; ++round) {
    const double peak = kernels::measure_peak();
    peaks.push_back(peak * 1e-9);
    for (std::size_t i = 0; i < variants.size(); ++i) {
      if (round >= 2 && times[i].front() > 0.5) continue;
      kernels::forget_kept_weights();  // as if an optimiser had just changed them
      times[i].push_back(seconds(variants[i]));
      shares[i].push_back(flops / times[i].back() / peak);
    }
  }
  peak_gflops = median(peaks);
  std::vector<Rate> rates;
  for (std::size_t i = 0; i < variants.size(); ++i)
    rates.push_back({flops / median(times[i]) * 1e-9, median(shares[i])});
  return rates;
}

// One primitive of a layer: the kernel, its plain twin (im2col and Eigen's product), and how far a result is off.
struct Primitive {
  std::string name;
  std::function<Tensor()> fast, plain;
  std::function<double(const Tensor&)> error;
};

void bench_layer(const LayerCase& layer, Json& report) {
  namespace im2col = kernels::im2col;
  const kernels::Convolution& k = layer.k;
  const Tensor x = Random(1).normal(k.big()), y = Random(2).normal(k.small()), w = Random(3).normal(k.weight());
  const Primitive primitives[] = {
      {"gather", [&] { return kernels::gather(k, x, w); }, [&] { return im2col::gather(k, x, w); },
       [&](const Tensor& got) { return kernels::gather_error(k, x, w, got); }},
      {"scatter", [&] { return kernels::scatter(k, y, w); }, [&] { return im2col::scatter(k, y, w); },
       [&](const Tensor& got) { return kernels::scatter_error(k, y, w, got); }},
      {"weight_gradient", [&] { return kernels::weight_gradient(k, x, y); },
       [&] { return im2col::weight_gradient(k, x, y); },
       [&](const Tensor& got) { return kernels::weight_gradient_error(k, x, y, got); }}};
  const char* const ways[] = {"table", "winograd", "few channels", "mirrored", "unfolded"};
  const std::string way = is_linear(k) ? "matrix product" : ways[static_cast<int>(kernels::best_way(k))];
  std::cout << layer.name << ", batch " << k.N << ", " << way << '\n' << std::flush;
  for (const Primitive& p : primitives) {
    double peak = 0;
    const double flops = 2 * k.multiply_adds();
    const std::vector<Rate> rates = measure(flops, {[&] { p.fast(); }, [&] { p.plain(); }}, peak);
    const double ms = flops * 1e-6 / rates[0].gflops, plain_ms = flops * 1e-6 / rates[1].gflops;
    const double error = p.error(p.fast());
    std::cout << "    " << std::left << std::setw(18) << p.name << std::right << std::fixed << std::setprecision(2)
              << std::setw(10) << ms << std::setw(10) << static_cast<int>(rates[0].gflops) << std::setw(10)
              << percent(rates[0].share) << std::setw(12) << plain_ms << std::setw(10) << percent(rates[1].share)
              << std::setw(12) << std::scientific << std::setprecision(1) << error << std::defaultfloat << '\n'
              << std::flush;
    report["kernels"][layer.name][p.name] = {{"way", way},
                                             {"milliseconds", ms},
                                             {"gflops", rates[0].gflops},
                                             {"share_of_peak", rates[0].share},
                                             {"plain_milliseconds", plain_ms},
                                             {"plain_share_of_peak", rates[1].share},
                                             {"error", error},
                                             {"peak_gflops", peak}};
  }
}

// One layer, and how fast it has become from way to way.
void bench_ways(Json& report) {
  using namespace kernels;
  const Convolution k{32, 64, 14, 14, 128, 7, 7, Geometry::same(5, 5, 2, 2, 14, 14)};
  const Tensor x = Random(1).normal(k.big()), y = Random(2).normal(k.small()), w = Random(3).normal(k.weight());
  const char* const ways[] = {"loops", "im2col, loops", "im2col, blocks", "table", "winograd"};
  const std::pair<const char*, std::vector<std::function<void()>>> primitives[] = {
      {"gather",
       {[&] { reference::gather(k, x, w); }, [&] { im2col_in_loops::gather(k, x, w); },
        [&] { im2col::gather(k, x, w); }, [&] { table::gather(k, x, w); }, [&] { winograd::gather(k, x, w); }}},
      {"scatter",
       {[&] { reference::scatter(k, y, w); }, [&] { im2col_in_loops::scatter(k, y, w); },
        [&] { im2col::scatter(k, y, w); }, [&] { table::scatter(k, y, w); }, [&] { winograd::scatter(k, y, w); }}},
      {"weight_gradient",
       {[&] { reference::weight_gradient(k, x, y); }, [&] { im2col_in_loops::weight_gradient(k, x, y); },
        [&] { im2col::weight_gradient(k, x, y); }, [&] { table::weight_gradient(k, x, y); },
        [&] { winograd::weight_gradient(k, x, y); }}}};
  std::cout << "From way to way: GFLOP/s and share of the peak of one layer, " << describe("channels", k) << ", batch "
            << k.N << "\n\n"
            << std::string(18, ' ');
  for (const char* way : ways) std::cout << std::setw(18) << way;
  std::cout << '\n';
  for (const auto& [name, variants] : primitives) {
    double peak = 0;
    const std::vector<Rate> rates = measure(2 * k.multiply_adds(), variants, peak);
    std::cout << std::left << std::setw(18) << name << std::right << std::fixed << std::setprecision(1);
    for (std::size_t i = 0; i < rates.size(); ++i) {
      std::cout << std::setw(10) << rates[i].gflops << std::setw(6) << rates[i].share * 100 << " %";
      report["ways"][name][ways[i]] = rates[i].share;
    }
    std::cout << std::endl;
  }
  std::cout << '\n';
}

void bench_kernels(const std::vector<Recipe>& all, Json& report) {
  std::cout
      << "Kernels at the layers of the recipes (channels of the big and of the small picture, kernel, pictures), and\n"
      << "the way that the geometry takes. The plain twin is im2col and Eigen's product. The error is measured\n"
      << "against double, as a share of the largest value.\n\n"
      << std::setw(32) << "ms" << std::setw(10) << "GFLOP/s" << std::setw(10) << "of peak" << std::setw(12)
      << "plain ms" << std::setw(10) << "of peak" << std::setw(12) << "error" << '\n';
  for (const Recipe& r : all) {
    std::vector<LayerCase> cases;
    collect(r.name + " generator", *r.c.generator, {r.c.training.generator_batch, r.c.latent.size}, cases);
    collect(r.name + " discriminator", *r.c.discriminator,
            {r.c.training.batch, r.picture[0], r.picture[1], r.picture[2]}, cases);
    for (const LayerCase& layer : cases) bench_layer(layer, report);
  }
  std::cout << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  std::string file;
  CLI::App app("Measures the kernels at the layers of the recipes; run it from the project's folder.", "bench/kernels");
  app.add_option("report", file, "the JSON file that gets the numbers")->type_name("FILE")->required();
  return run_program(app, argc, argv, [&] {
    Json report;
    const int threads = use_threads(0);
    report["threads"] = threads;
    std::cout << threads << " threads, peak " << static_cast<int>(kernels::measure_peak(0.2) * 1e-9)
              << " GFLOP/s (fused multiply-adds in registers, measured again in every round)\n\n";
    bench_ways(report);
    bench_kernels(recipes(), report);
    add_to_report(file, report);
    std::cout << "\nwritten: " << file << '\n';
    return exit_done;
  });
}
