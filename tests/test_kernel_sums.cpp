// Results down to the last bit: they depend neither on the number of threads, nor, for what is computed per sample, on
// the batch around it, nor, for sums over a batch, on whether its halves are summed apart.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "autograd/kernels/convolution.hpp"
#include "autograd/kernels/elementwise.hpp"
#include "autograd/kernels/kept_weights.hpp"
#include "autograd/kernels/matrix.hpp"
#include "autograd/kernels/matrix_view.hpp"
#include "autograd/kernels/normalization.hpp"
#include "autograd/kernels/optimizers.hpp"
#include "autograd/kernels/pooling.hpp"
#include "autograd/kernels/rectifier.hpp"
#include "autograd/kernels/reduction.hpp"
#include "autograd/kernels/rows.hpp"
#include "autograd/kernels/shaping.hpp"
#include "autograd/machine.hpp"
#include "autograd/random.hpp"
#include "tests/convolution_ways.hpp"

using namespace tapestry;
using kernels::Convolution;

namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && !std::memcmp(a.data(), b.data(), a.size() * sizeof(Real));
}
Tensor normal(Shape shape, std::string_view purpose) { return Random(91)(purpose).normal(shape); }
Tensor samples(const Tensor& t, Index begin, Index end) { return kernels::slice(t, 0, begin, end); }

// A strided one, the same with larger tiles of Winograd, one that is mirrored, two of few channels, the second of so
// many taps and windows that they come in bands, one of more channels than a panel.
Convolution strided(Index N) { return {N, 24, 14, 14, 20, 7, 7, Geometry::square(4, 2, 1)}; }
Convolution in_fives(Index N) { return {N, 18, 28, 28, 20, 14, 14, Geometry::square(4, 2, 1)}; }
Convolution into_few(Index N) { return {N, 20, 14, 14, 2, 14, 14, Geometry::square(5, 1, 2)}; }
Convolution from_few(Index N) { return {N, 2, 14, 14, 20, 14, 14, Geometry::square(5, 1, 2)}; }
Convolution in_bands(Index N) { return {N, 3, 22, 22, 5, 22, 22, Geometry::square(7, 1, 3)}; }
Convolution wide(Index N) { return {N, 20, 6, 6, 70, 6, 6, Geometry::square(5, 1, 2)}; }
using Geometries = Convolution (*)(Index);
const Geometries geometries[] = {strided, in_fives, into_few, from_few, in_bands, wide};

using Unary = Tensor (*)(Tensor);
const std::pair<std::string, Unary> functions[] = {
    {"add a number", [](Tensor x) { return kernels::add(x, Real(0.3)); }},
    {"multiply by a number", [](Tensor x) { return kernels::multiply(x, Real(0.3)); }},
    {"divide a number", [](Tensor x) { return kernels::divide(Real(0.3), x); }},
    {"exp", kernels::exp},
    {"log", [](Tensor x) { return kernels::log(kernels::abs(x)); }},
    {"sqrt", [](Tensor x) { return kernels::sqrt(kernels::abs(x)); }},
    {"pow", [](Tensor x) { return kernels::pow(kernels::abs(x), Real(1.7)); }},
    {"tanh", kernels::tanh},
    {"sigmoid", kernels::sigmoid},
    {"softplus", kernels::softplus},
    {"relu", [](Tensor x) { return kernels::rectify(x, 0); }},
    {"leaky_relu", [](Tensor x) { return kernels::rectify(x, Real(0.3)); }},
    {"sign", kernels::sign},
    {"clamp", [](Tensor x) { return kernels::clamp(x, Real(-0.3), Real(0.3)); }},
    {"within", [](Tensor x) { return kernels::within(x, Real(-0.3), Real(0.3)); }},
    {"add", [](Tensor x) { return kernels::add(x, x); }},
    {"subtract", [](Tensor x) { return kernels::subtract(x, kernels::exp(x)); }},
    {"multiply", [](Tensor x) { return kernels::multiply(x, kernels::exp(x)); }},
    {"divide", [](Tensor x) { return kernels::divide(x, kernels::exp(x)); }},
    {"maximum", [](Tensor x) { return kernels::maximum(x, kernels::abs(x)); }},
    {"greater", [](Tensor x) { return kernels::greater(x, kernels::abs(x)); }},
    {"where", [](Tensor x) { return kernels::where(kernels::rectify(x, 0), x, kernels::exp(x)); }},
};

// f() with one thread and with several.
void check_threads(const std::string& name, const std::function<Tensors()>& f) {
  CAPTURE(name);
  use_threads(1);
  const Tensors alone = f();
  for (const int threads : {2, 3, 4, 7, 8, 16}) {
    CAPTURE(threads);
    use_threads(threads);
    kernels::forget_kept_weights();
    const Tensors together = f();
    REQUIRE(together.size() == alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) CHECK(same_bits(together[i], alone[i]));
  }
  use_threads(0);
}

// f of a batch's sample alone, or of some samples, gives these samples of f of the batch.
void check_samples(const std::string& name, const Tensor& batch, const std::function<Tensor(const Tensor&)>& f) {
  CAPTURE(name);
  const Tensor all = f(batch);
  const Index N = batch.shape()[0];
  for (const auto& part : {std::pair<Index, Index>{0, 1}, {1, 2}, {N - 1, N}, {N / 2, N / 2 + 1}, {3, 11}, {1, N}}) {
    const Index begin = part.first, end = part.second;
    CAPTURE(begin);
    CAPTURE(end);
    kernels::forget_kept_weights();
    CHECK(same_bits(f(samples(batch, begin, end)), samples(all, begin, end)));
  }
}

// f(begin, end), a sum over these samples, of a whole batch and of its two parts.
void check_parts(const std::string& name, const std::function<Tensor(Index, Index)>& f) {
  CAPTURE(name);
  for (const auto& split : {std::pair<Index, Index>{128, 256}, {64, 96}, {32, 64}, {128, 160}, {64, 101}}) {
    const Index first = split.first, all = split.second;
    CAPTURE(first);
    CAPTURE(all);
    CHECK(same_bits(f(0, all), kernels::add(f(0, first), f(first, all))));
  }
}

}  // namespace

TEST_CASE("kernels: the same bits on any number of threads") {
  for (const Geometries geometry : geometries) {
    const Convolution k = geometry(37);
    CAPTURE(k.g.text());
    const Tensor x = normal(k.big(), "x"), w = normal(k.weight(), "w"), y = normal(k.small(), "y"),
                 bias_o = normal({k.O}, "o"), bias_c = normal({k.C}, "c");
    for (const Way& way : ways)
      check_threads(way.name, [&]() -> Tensors {
        return {way.gather(k, x, w, bias_o.data()), way.scatter(k, y, w, bias_c.data()), way.weight_gradient(k, x, y)};
      });
  }
  const Tensor a = normal({300, 200}, "a"), b = normal({200, 130}, "b"), bias = normal({130}, "bias"),
               x = normal({100003}, "x");
  const Tensor at = kernels::permute(a, {1, 0}), bt = kernels::permute(b, {1, 0});
  check_threads("matmul", [&]() -> Tensors {
    return {kernels::matmul(a, false, b, false, bias.data()), kernels::matmul(at, true, b, false),
            kernels::matmul(a, false, bt, true), kernels::matmul(at, true, bt, true, bias.data())};
  });
  check_threads("permute", [&]() -> Tensors { return {kernels::permute(a, {1, 0})}; });
  for (const auto& [name, f] : functions) check_threads(name, [&, f = f]() -> Tensors { return {f(x)}; });
  const Tensor pictures = normal({101, 24, 13, 13}, "pictures"), rows = normal({301, 470}, "rows");
  for (const Tensor& batch : {pictures, rows}) {
    const Index C = batch.shape()[1];
    const Tensor gamma = normal({C}, "gamma"), beta = normal({C}, "beta"), g = normal(batch.shape(), "g");
    check_threads("batch normalisation", [&]() -> Tensors {
      const auto [mean, variance] = kernels::channel_statistics(batch);
      const Tensors d = kernels::batch_norm_gradients(g, batch, gamma, mean, variance);
      return {mean, variance, kernels::normalize_channels(batch, mean, gamma, beta), d[0], d[1], d[2]};
    });
    check_threads("sum_to and broadcast_to", [&]() -> Tensors {
      const Tensor over_batch = kernels::sum_to(batch, batch.shape().with(0, 1)),
                   per_sample = kernels::sum_to(batch, batch.shape().with(-1, 1));
      return {over_batch, per_sample, kernels::sum_to(batch, {}), kernels::broadcast_to(over_batch, batch.shape()),
              kernels::broadcast_to(per_sample, batch.shape())};
    });
    check_threads("maximum_along, slice, pad and concat", [&]() -> Tensors {
      const Tensor part = kernels::slice(batch, 1, 3, 17);
      return {kernels::maximum_along(rows, 1), part, kernels::pad(part, 0, 1, 2), kernels::concat({part, batch}, 1)};
    });
  }
  check_threads("maxima, flip and permute of pictures", [&]() -> Tensors {
    return {kernels::maximum_along(pictures, 0),
            kernels::maximum_along(pictures, 2),
            kernels::flip(pictures, 0),
            kernels::flip(pictures, 3),
            kernels::permute(pictures, {2, 0, 3, 1}),
            kernels::permute(pictures, {1, 0, 2, 3})};
  });
  const Tensor stack = normal({24, 40, 30}, "stack"), few = normal({3, 1, 30, 50}, "few");
  check_threads("matmul of batches", [&]() -> Tensors {
    return {kernels::matmul(stack, false, few, false), kernels::matmul(stack, true, stack, false)};
  });
  check_threads("pooling", [&]() -> Tensors {
    const kernels::Windows k{101, 24, 13, 13, 7, 6, Geometry{3, 4, 2, 2, 1, 1, 0, 1}.fitted(13, 13)};
    const Tensor taps = kernels::window_argmax(k, pictures), y = kernels::window_take(k, pictures, taps);
    return {taps, y, kernels::window_put(k, y, taps), kernels::window_sum(k, pictures), kernels::window_spread(k, y)};
  });
  check_threads("gather_rows and scatter_rows", [&]() -> Tensors {
    Tensor numbers({301}, 0);
    for (Index i = 0; i < 301; ++i) numbers.writable()[i] = static_cast<Real>(i * i % 90);
    return {kernels::gather_rows(rows, numbers), kernels::scatter_rows(rows, numbers, 90)};
  });
  check_threads("adam and momentum", [&]() -> Tensors {
    Tensor w = normal(x.shape(), "w"), m = normal(x.shape(), "m"), v = kernels::exp(m), u = w;
    kernels::adam(w, x, m, v, 0.9, 0.999, Real(0.01), Real(1.1), Real(1e-7));
    kernels::momentum(u, x, m, Real(0.9), Real(0.01));
    return {w, m, v, u};
  });
  check_threads("rmsprop and the sum of squares", [&]() -> Tensors {
    Tensor w = normal(x.shape(), "w"), s(x.shape(), 0), m = s, v = s;
    kernels::rmsprop(w, x, s, m, v, {0.9, Real(0.5), Real(1e-7), 0, Real(0.01), 1});
    return {w, s, m, v, Tensor({}, static_cast<Real>(kernels::sum_of_squares(x)))};
  });
  check_threads("random numbers", [&]() -> Tensors {
    const Random random(5);
    return {random.normal({301, 111}), random.uniform({33333}), random.dropout(Tensor({301, 111}, 1), 0.3)};
  });
}

TEST_CASE("kernels: a sample does not depend on the batch around it") {
  for (const Geometries geometry : geometries) {
    const Convolution k = geometry(37);
    CAPTURE(k.g.text());
    const Tensor w = normal(k.weight(), "w"), bias_o = normal({k.O}, "o"), bias_c = normal({k.C}, "c");
    for (const Way& way : ways) {
      CAPTURE(way.name);
      check_samples("gather", normal(k.big(), "x"),
                    [&](const Tensor& x) { return way.gather(geometry(x.shape()[0]), x, w, bias_o.data()); });
      check_samples("scatter", normal(k.small(), "y"),
                    [&](const Tensor& y) { return way.scatter(geometry(y.shape()[0]), y, w, bias_c.data()); });
    }
  }
  for (const Index K : {1, 50, 129, 700, 1024})
    for (const Index N : {1, 7, 15, 16, 64, 65, 130}) {
      CAPTURE(K);
      CAPTURE(N);
      const Tensor a = normal({300, K}, "a"), b = normal({K, N}, "b"), bt = normal({N, K}, "b"),
                   bias = normal({N}, "bias");
      check_samples("matmul", a, [&](const Tensor& a) { return kernels::matmul(a, false, b, false, bias.data()); });
      check_samples("matmul, b transposed", a, [&](const Tensor& a) { return kernels::matmul(a, false, bt, true); });
    }
  for (const Shape& shape : {Shape{70, 37}, Shape{37, 5, 3, 7}}) {
    const Index C = shape[1];
    const Tensor mean = normal({C}, "mean"), scale = normal({C}, "scale"), shift = normal({C}, "shift");
    check_samples("normalize_channels", normal(shape, "x"),
                  [&](const Tensor& x) { return kernels::normalize_channels(x, mean, scale, shift); });
    check_samples("sum_to", normal(shape, "x"),
                  [&](const Tensor& x) { return kernels::sum_to(x, x.shape().with(1, 1)); });
  }
  const Tensor pictures = normal({37, 5, 9, 8}, "x"), small = normal({37, 5, 5, 4}, "y");
  const auto windows = [](const Tensor& of) {
    return kernels::Windows{of.shape()[0], 5, 9, 8, 5, 4, Geometry{3, 3, 2, 2, 1, 1, 1, 0}};
  };
  check_samples("window_sum", pictures, [&](const Tensor& x) { return kernels::window_sum(windows(x), x); });
  check_samples("window_spread", small, [&](const Tensor& y) { return kernels::window_spread(windows(y), y); });
  check_samples("window_argmax", pictures, [&](const Tensor& x) { return kernels::window_argmax(windows(x), x); });
  const Random random(6);
  CHECK(same_bits(samples(random.normal({40, 700}), 9, 30), random.normal({21, 700}, 0, 1, 9)));
  CHECK(same_bits(samples(random.uniform({40, 700}), 9, 30), random.uniform({21, 700}, 0, 1, 9)));
  const Tensor ones({40, 700}, 1);
  CHECK(same_bits(samples(random.dropout(ones, 0.3), 9, 30), random.dropout(Tensor({21, 700}, 1), 0.3, 9)));
}

// Directly, without the choice that matmul makes.
TEST_CASE("kernels: a product over samples adds its chunks in pairs, and onto what was there") {
  const Index M = 37, N = 45, chunk = 32;
  const Tensor a = normal({5 * chunk - 3, M}, "a"), b = normal({5 * chunk - 3, N}, "b");
  const auto product = [&](const Tensor& a, const Tensor& b, const Tensor* onto = nullptr) {
    Tensor sum = onto ? *onto : Tensor({M, N}, NAN);
    const Index count = a.shape()[0];
    kernels::product_over_samples({a.data(), count, M, M, 1}, {0}, {b.data(), count, N, N, 1}, {0}, chunk, onto,
                                  sum.writable());
    return sum;
  };
  std::vector<Tensor> of_chunk;
  for (Index begin = 0; begin < a.shape()[0]; begin += chunk) {
    const Index end = std::min(begin + chunk, a.shape()[0]);
    of_chunk.push_back(product(samples(a, begin, end), samples(b, begin, end)));
  }
  const auto plus = [](const Tensor& a, const Tensor& b) { return kernels::add(a, b); };
  const Tensor four = plus(plus(of_chunk[0], of_chunk[1]), plus(of_chunk[2], of_chunk[3]));
  CHECK(same_bits(product(a, b), plus(four, of_chunk[4])));
  CHECK(same_bits(product(a, b, &four), plus(four, product(a, b))));
  CHECK(same_bits(kernels::matmul(a, true, b, false), product(a, b)));
}

TEST_CASE("kernels: a number does not depend on its place") {
  const Tensor x = normal({45}, "x");
  for (const auto& [name, f] : functions) {
    const std::string function = name;
    CAPTURE(function);
    std::vector<Real> alone;
    for (Index i = 0; i < x.size(); ++i) alone.push_back(f(samples(x, i, i + 1)).item());
    for (Index length = 1; length <= x.size(); ++length) {
      CAPTURE(length);
      CHECK(same_bits(f(samples(x, 0, length)), samples(Tensor(x.shape(), alone), 0, length)));
    }
  }
}

TEST_CASE("kernels: sums over a batch are sums of its parts") {
  const Geometries small_ones[] = {
      [](Index N) -> Convolution { return {N, 3, 6, 6, 5, 3, 3, Geometry::square(4, 2, 1)}; },
      [](Index N) -> Convolution { return {N, 9, 6, 6, 2, 6, 6, Geometry::square(3, 1, 1)}; }};
  for (const Geometries geometry : small_ones)
    for (const Way& way : ways) {
      const Tensor x = normal(geometry(256).big(), "x"), y = normal(geometry(256).small(), "y");
      check_parts(way.name, [&](Index begin, Index end) {
        return way.weight_gradient(geometry(end - begin), samples(x, begin, end), samples(y, begin, end));
      });
    }
  // Of large pictures, Winograd sums fewer than a chunk at a time.
  const auto large = [](Index N) -> Convolution { return {N, 2, 36, 36, 2, 36, 36, Geometry::square(3, 1, 1)}; };
  const Tensor big = normal(large(256).big(), "x"), small = normal(large(256).small(), "y");
  check_parts("winograd, large pictures", [&](Index begin, Index end) {
    return kernels::winograd::weight_gradient(large(end - begin), samples(big, begin, end), samples(small, begin, end));
  });
  for (const Shape& shape : {Shape{256, 300}, Shape{256, 3, 5, 7}, Shape{256, 2, 600, 2}}) {
    const Tensor x = normal(shape, "x");
    for (const Shape& sum : {Shape{}, shape.with(0, 1), shape.with(0, 1).with(1, 1)})
      check_parts("sum_to", [&](Index begin, Index end) { return kernels::sum_to(samples(x, begin, end), sum); });
    const Tensor g = normal(shape, "g"), c = normal({shape[1]}, "c");
    for (const int which : {1, 2})
      check_parts("batch_norm_gradients", [&](Index begin, Index end) {
        return kernels::batch_norm_gradients(samples(g, begin, end), samples(x, begin, end), c, c, c)[which];
      });
  }
  const Tensor rows = normal({256, 9}, "rows");
  Tensor numbers({256}, 0);
  for (Index i = 0; i < 256; ++i) numbers.writable()[i] = static_cast<Real>(i * i % 5);
  check_parts("scatter_rows", [&](Index begin, Index end) {
    return kernels::scatter_rows(samples(rows, begin, end), samples(numbers, begin, end), 6);
  });
  for (const Index width : {7, 300}) {
    const Tensor a = normal({256, 40}, "a"), b = normal({256, width}, "b"), bt = kernels::permute(b, {1, 0});
    check_parts("matmul, a transposed", [&](Index begin, Index end) {
      return kernels::matmul(samples(a, begin, end), true, samples(b, begin, end), false);
    });
    check_parts("matmul, both transposed", [&](Index begin, Index end) {
      return kernels::matmul(samples(a, begin, end), true, kernels::slice(bt, 1, begin, end), true);
    });
  }
}

// 1 and then halves of its last bit: one after another each is rounded away, added up first they count.
TEST_CASE("kernels: a chunk is 32 samples, added one after another") {
  const Real half = std::numeric_limits<Real>::epsilon() / 2;
  for (const Index N : {32, 64}) {
    std::vector<Real> numbers(N, half);
    numbers[0] = 1;
    const Tensor ones({N, 1}, 1), x({N, 1}, numbers);
    const Real sum = N == 32 ? 1 : 1 + 32 * half;
    CHECK(kernels::matmul(ones, true, x, false).item() == sum);
    const Tensor columns = kernels::broadcast_to(x, {N, 20});
    CHECK(kernels::matmul(ones.reshaped({1, N}), false, columns, false)[0] == 1);  // not a batch: no chunks
    const Convolution k{N, 1, 1, 1, 1, 1, 1, Geometry{}};
    const Shape pictures{N, 1, 1, 1};
    for (const Way& way : ways) {
      CAPTURE(way.name);
      CHECK(way.weight_gradient(k, x.reshaped(pictures), ones.reshaped(pictures)).item() == sum);
    }
  }
}

TEST_CASE("kernels: sums of very many equal numbers, which are all rounded the same way") {
  constexpr Index side = 1024, count = side * side;
  // Additions of each running sum, and of these in double.
  constexpr double most =
      64 * std::numeric_limits<Real>::epsilon() + count / 64 * std::numeric_limits<double>::epsilon();
  const Tensor tenths({1, 1, side, side}, Real(0.1));
  CHECK(std::abs(kernels::sum_to(tenths, {1, 1, 1, 1})[0] / (double(Real(0.1)) * count) - 1) < most);

  Tensor two_values = tenths;
  for (Index i = 0; i < count; i += 3) two_values.writable()[i] = Real(0.7);
  const double third = (count + 2) / 3 / double(count), difference = double(Real(0.7)) - double(Real(0.1));
  const auto statistics = kernels::channel_statistics(two_values);
  CHECK(std::abs(statistics.mean[0] / (double(Real(0.1)) + third * difference) - 1) < most);
  CHECK(std::abs(statistics.variance[0] / (third * (1 - third) * difference * difference) - 1) < most);
}
