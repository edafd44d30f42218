// Operations on pictures: convolutions and pooling.
#include "apps/common/gradient_table.hpp"
#include "autograd/ops.hpp"

namespace tapestry {

using namespace gradient_table_numbers;
using X = const Vars&;

namespace {
Geometry geometry(int kernel_h, int kernel_w, int stride_h, int stride_w, int top, int bottom, int left, int right) {
  return {kernel_h, kernel_w, stride_h, stride_w, top, bottom, left, right};
}
const Geometry plain = Geometry::square(3, 1, 1), strided = Geometry::square(4, 2, 1);
const Geometry uneven = geometry(2, 3, 2, 1, 0, 1, 2, 1);      // asymmetric, unequal strides
const Geometry sparse = geometry(2, 1, 3, 2, 1, 2, 0, 1);      // strides larger than the kernel
const Geometry far_out = geometry(2, 2, 1, 2, 2, 3, 2, 2);     // padding of a kernel's size and more
const Geometry cropping = geometry(3, 3, 2, 2, 0, -1, 1, -1);  // the last row and column reach no window

}  // namespace

GradientCases convolution_cases() {
  GradientCases cases;
  const std::pair<const char*, Geometry> geometries[] = {{"3x3", plain},           {"4x4 stride 2", strided},
                                                         {"uneven", uneven},       {"sparse", sparse},
                                                         {"far padding", far_out}, {"cropping", cropping}};
  for (const auto& named : geometries) {
    const Geometry k = named.second;
    const Tensor x = normal({2, 2, 5, 4}), w = normal({3, 2, k.kernel_h, k.kernel_w}), small = normal({2, 3, 2, 2});
    const Tensor g = normal({2, 3, k.windows_h(5), k.windows_w(4)});
    const std::string of = std::string(", ") + named.first;
    cases.push_back({"conv2d" + of, [k](X x) { return conv2d(x[0], x[1], k); }, {x, w}, 2, 3});
    cases.push_back(
        {"conv2d with bias" + of, [k](X x) { return conv2d(x[0], x[1], x[2], k); }, {x, w, normal({3})}, 2, 3});
    const Geometry up =
        k == far_out ? geometry(2, 2, 3, 3, 1, 0, 0, 1) : k;  // padding beyond the kernel leaves nothing
    cases.push_back(
        {"conv_transpose2d" + of, [up](X x) { return conv_transpose2d(x[0], x[1], up); }, {small, w}, 2, 3});
    cases.push_back({"conv_transpose2d with bias" + of,
                     [up](X x) { return conv_transpose2d(x[0], x[1], x[2], up); },
                     {small, w, normal({2})},
                     2,
                     3});
    cases.push_back(
        {"conv2d_weight_gradient" + of, [k](X x) { return conv2d_weight_gradient(x[0], x[1], k); }, {x, g}, 2, 3});
  }
  cases.push_back({"conv2d, tanh, conv_transpose2d",
                   [](X x) { return conv_transpose2d(tanh(conv2d(x[0], x[1], strided)), x[1], strided); },
                   {normal({1, 1, 4, 4}), (Var(normal({2, 1, 4, 4})) * Real(0.3)).value()},
                   3});
  return cases;
}

GradientCases pooling_cases() {
  GradientCases cases;
  const std::pair<const char*, Geometry> geometries[] = {
      {"2x2 stride 2", Geometry::square(2, 2)},                // the last row of five reaches no window
      {"3x3 stride 2, padding 1", Geometry::square(3, 2, 1)},  // windows overlap
      {"uneven", geometry(3, 2, 2, 1, 2, 0, 0, 1)},            // asymmetric, unequal strides
      {"sparse", geometry(1, 2, 3, 3, 0, 0, 1, 1)},            // strides larger than the kernel
  };
  for (const auto& named : geometries) {
    const Geometry k = named.second, fitted = k.fitted(5, 4);
    const Shape pictures{2, 2, 5, 4}, small{2, 2, k.windows_h(5), k.windows_w(4)};
    const std::string of = std::string(", ") + named.first;
    const auto squares = [](X x) { return x[0] * x[0]; };
    cases.push_back({"avg_pool2d" + of, [k](X x) { return avg_pool2d(x[0], k); }, {normal(pictures)}, 2, 2});
    cases.push_back(
        {"avg_pool2d with padding" + of, [k](X x) { return avg_pool2d(x[0], k, true); }, {normal(pictures)}, 2, 2});
    cases.push_back({"max_pool2d" + of, [k](X x) { return max_pool2d(x[0], k); }, {distinct(pictures)}, 2, 2});
    cases.push_back({"max_pool2d of squares" + of,
                     [=](X x) { return max_pool2d(squares(x), k); },
                     {(Var(distinct(pictures)) + Real(6)).value()},
                     2,
                     3});
    cases.push_back({"window_sum" + of, [k](X x) { return window_sum(x[0], k); }, {normal(pictures)}, 2, 2});
    cases.push_back({"window_spread" + of, [=](X x) { return window_spread(x[0], fitted); }, {normal(small)}, 2, 2});
  }
  const Geometry plain_windows = Geometry::square(2, 2);
  const Tensor taps({1, 2, 2, 1}, {3, 0, 1, 2});
  cases.push_back(
      {"window_take", [=](X x) { return window_take(x[0], taps, plain_windows); }, {normal({1, 2, 5, 3})}, 2, 2});
  cases.push_back(
      {"window_put", [=](X x) { return window_put(x[0], taps, plain_windows); }, {normal({1, 2, 2, 1})}, 2, 2});
  cases.push_back({"global_avg_pool", [](X x) { return global_avg_pool(x[0]); }, {normal({2, 3, 3, 2})}, 2, 2});
  cases.push_back({"upsample", [](X x) { return upsample(x[0], 2, 3); }, {normal({2, 2, 3, 2})}, 2, 2});
  return cases;
}

}  // namespace tapestry
