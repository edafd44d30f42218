// Every error of a layer, word for word.
#include "tests/layer_helpers.hpp"

using namespace tapestry;

TEST_CASE("errors of layers say what came, what was expected and what to do") {
  const Random r(1);
  const Shape pictures{64, 3, 8, 8};
  const ConvOptions conv_options{.channels = 4, .kernel_h = 3, .kernel_w = 3};
  const ConvTransposeOptions transpose_options{.channels = 4, .kernel_h = 3, .kernel_w = 3};
  Linear linear({1, 128}, {.features = 2}, r);
  Conv2d conv(pictures, conv_options, r);
  ConvTranspose2d transposed(pictures, transpose_options, r);
  BatchNorm norm(pictures, {}, r);
  const auto shape_error = [](Layer& layer, Shape input) {
    const std::string announced = error_of([&] { layer.output_shape(input); });
    CHECK(error_of([&] { layer({}, Tensor(input, 1)); }) == announced);
    return announced;
  };
  CHECK(shape_error(linear, {4, 2, 8, 8}) ==
        "linear: got (4, 2, 8, 8); expected (N, F) with F = 128; put a flatten layer before it");
  CHECK(shape_error(linear, {4, 100}) ==
        "linear: got (4, 100); expected (N, F) with F = 128; give the layer before it 128 features");
  CHECK(shape_error(conv, {64, 128}) ==
        "conv2d: got (64, 128); expected (N, C, H, W) with C = 3; put a reshape layer before it");
  CHECK(shape_error(conv, {2, 4, 8, 8}) ==
        "conv2d: got (2, 4, 8, 8); expected (N, C, H, W) with C = 3; give the layer before it 3 channels");
  CHECK(shape_error(transposed, {2, 4, 8, 8}) ==
        "conv_transpose2d: got (2, 4, 8, 8); expected (N, C, H, W) with C = 3; give the layer before it 3 channels");
  CHECK(shape_error(norm, {2, 3, 8}) ==
        "batch_norm: got (2, 3, 8); expected (N, C) or (N, C, H, W); put a flatten or reshape layer before it");
  CHECK(shape_error(norm, {2, 4}) ==
        "batch_norm: got (2, 4); expected (N, C) or (N, C, H, W) with C = 3; give the layer before it 3 channels");
  Flatten flatten;
  CHECK(shape_error(flatten, {5}) ==
        "flatten: got (5); expected (N, ...) with 2 axes or more; the first one counts the samples");
  Reshape reshape({256, 7, 7});
  CHECK(
      shape_error(reshape, {64, 100}) ==
      "reshape: got (64, 100), 100 numbers a sample; expected 12544 for (256, 7, 7); give the layer before it as many "
      "outputs");
  CHECK(shape_error(reshape, {}) == "reshape: got (); expected (N, ...); the first axis counts the samples");

  const Padding none{.same = false};
  Conv2d large(pictures, {.channels = 4, .kernel_h = 5, .kernel_w = 7, .padding = none}, r);
  CHECK(shape_error(large, {2, 3, 6, 6}) ==
        "conv2d: got (2, 3, 6, 6), with padding 6x6; expected at least the kernel's 5x7; take a smaller kernel or more "
        "padding");
  const Padding much{.same = false, .top = 4, .bottom = 4};
  ConvTranspose2d cropped(pictures, {.channels = 4, .kernel_h = 3, .kernel_w = 3, .padding = much}, r);
  CHECK(shape_error(cropped, {2, 3, 2, 2}) ==
        "conv_transpose2d: got (2, 3, 2, 2), which gives -4x4 pixels; expected at least 1x1; take less padding or a "
        "larger kernel");

  Sequential layers;
  layers.add<Relu>();
  layers.add<Flatten>();
  CHECK(error_of([&] { layers.output_shape({5}); }) ==
        "layer 1, flatten: got (5); expected (N, ...) with 2 axes or more; the first one counts the samples");
}

TEST_CASE("errors of options say what came, what was expected and what to do") {
  const Random r(1);
  const Shape pictures{64, 3, 8, 8};
  const auto conv_error = [&](auto change) {
    ConvOptions options{.channels = 4, .kernel_h = 3, .kernel_w = 3};
    change(options);
    return error_of([&] { Conv2d(pictures, options, r); });
  };
  const auto transpose_error = [&](auto change) {
    ConvTransposeOptions options{.channels = 4, .kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2};
    change(options);
    return error_of([&] { ConvTranspose2d(pictures, options, r); });
  };
  CHECK(conv_error([](auto& o) { o.channels = 0; }) ==
        "conv2d: got 0 channels; expected 1 or more; say how many the output has");
  CHECK(conv_error([](auto& o) { o.kernel_w = 0; }) ==
        "conv2d: got a kernel of 3x0; expected 1x1 or more; say how large it is");
  CHECK(conv_error([](auto& o) { o.stride_h = 0; }) ==
        "conv2d: got a stride of 0x1; expected 1x1 or more; 1 goes pixel by pixel");
  CHECK(conv_error([](auto& o) { o.padding = {.same = false, .left = -1}; }) ==
        "conv2d: got a padding of -1; expected 0 or more; crop with the slice operation");
  CHECK(conv_error([](auto& o) { o.padding.right = 2; }) ==
        "conv2d: got padding `same` and a padding of 2; expected one of them; leave one out");
  CHECK(transpose_error([](auto& o) { o.channels = -1; }) ==
        "conv_transpose2d: got -1 channels; expected 1 or more; say how many the output has");
  CHECK(transpose_error([](auto& o) { o.output_padding = 2; }) ==
        "conv_transpose2d: got an output_padding of 2; expected 0 to 1, less than the stride; more rows come with a "
        "larger kernel");
  CHECK(transpose_error([](auto& o) { o.output_padding = 1; }) ==
        "conv_transpose2d: got padding `same` and an output_padding of 1; expected one of them; give the padding in "
        "numbers");
  CHECK(error_of([&] {
          Conv2d({64, 128}, {.channels = 4, .kernel_h = 3, .kernel_w = 3}, r);
        }) == "conv2d: got (64, 128); expected (N, C, H, W); put a reshape layer before it");
  CHECK(error_of([&] {
          ConvTranspose2d({64, 128}, {.channels = 4, .kernel_h = 3, .kernel_w = 3}, r);
        }) == "conv_transpose2d: got (64, 128); expected (N, C, H, W); put a reshape layer before it");
  CHECK(error_of([&] { Linear(pictures, {.features = 3}, r); }) ==
        "linear: got (64, 3, 8, 8); expected (N, F); put a flatten layer before it");
  CHECK(error_of([&] {
          Linear({4, 3}, {}, r);
        }) == "linear: got 0 features; expected 1 or more; say how many outputs it has");
  CHECK(error_of([&] { BatchNorm({4}, {}, r); }) ==
        "batch_norm: got (4); expected (N, C) or (N, C, H, W); put a flatten or reshape layer before it");
  CHECK(error_of([&] {
          BatchNorm({4, 3}, {.momentum = 1.5}, r);
        }) == "batch_norm: got a momentum of 1.5; expected 0 to 1; it is the share of the old that is kept");
  CHECK(error_of([&] {
          BatchNorm({4, 3}, {.epsilon = 0}, r);
        }) == "batch_norm: got an epsilon of 0; expected more than 0; Keras has 0.001, PyTorch 0.00001");
  CHECK(error_of([&] {
          BatchNorm({1, 3}, {.unbiased_running_variance = true}, r)(Pass::training(r), Tensor({1, 3}, 1));
        }) == "batch_norm: got 1 number a channel; expected 2 or more for an unbiased variance; take a larger batch");
  CHECK(error_of([] { Dropout layer(1); }) ==
        "dropout: got a rate of 1; expected 0 or more and less than 1; it is the share that is left out");
  CHECK(error_of([] { LeakyRelu layer(-1); }) ==
        "leaky_relu: got a slope of -1; expected 0 or more; 0.2 is usual in a DCGAN");
  CHECK(error_of([] { normal(0, -1); }) == "normal: got a deviation of -1; expected 0 or more; drop the sign");
}

TEST_CASE("errors of pooling, upsampling, embedding and layer norm") {
  const Random r(1);
  CHECK(error_of([] { MaxPool2d layer({.kernel_h = 2, .kernel_w = 0}); }) ==
        "max_pool2d: got a kernel of 2x0; expected 1x1 or more; say how large it is");
  CHECK(
      error_of([] { AvgPool2d layer({.kernel_h = 2, .kernel_w = 3, .padding = {.same = false, .right = 3}}); }) ==
      "avg_pool2d: got a padding of 3 and a kernel of 2x3; expected less padding than kernel, so that there is a pixel "
      "under each window; pad less");
  CHECK(error_of([] {
          AvgPool2d({.kernel_h = 2, .kernel_w = 2}).output_shape({3, 4});
        }) == "avg_pool2d: got (3, 4); expected (N, C, H, W); put a reshape layer before it");
  CHECK(error_of([] {
          GlobalAvgPool().output_shape({3, 4});
        }) == "global_avg_pool: got (3, 4); expected (N, C, H, W); put a reshape layer before it");
  CHECK(error_of([] { Upsample layer(2, 0); }) ==
        "upsample: got a factor of 2x0; expected 1x1 or more; 2 doubles height and width");
  CHECK(error_of([] {
          Upsample(2, 2).output_shape({3, 4});
        }) == "upsample: got (3, 4); expected (N, C, H, W); put a reshape layer before it");
  CHECK(error_of([&] {
          Embedding({4, 1}, {.classes = 0, .features = 2}, r);
        }) == "embedding: got 0 classes and 2 features; expected 1 or more of each; say how many there are");
  CHECK(error_of([&] {
          Embedding({4, 1}, {.classes = 3, .features = 2}, r)({}, Tensor({2, 1}, {2, 3}));
        }) == "embedding: got 3 as the number of a row; expected a whole number from 0 to 2");
  CHECK(error_of([&] {
          LayerNorm({4, 3}, {.epsilon = 0}, r);
        }) == "layer_norm: got an epsilon of 0; expected more than 0; Keras has 0.001, PyTorch 0.00001");
  CHECK(error_of([&] {
          LayerNorm({4, 3}, {}, r).output_shape({4, 2});
        }) == "layer_norm: got (4, 2); expected samples of shape (3); it is made for pictures of one size");
}
