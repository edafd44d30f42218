// Pooling and upsampling: layers that make pictures smaller or larger, and learn nothing.
#pragma once
#include "layers/convolution_options.hpp"
#include "layers/layer.hpp"

namespace tapestry {

struct PoolOptions {
  int kernel_h = 0, kernel_w = 0;
  int stride_h = 0, stride_w = 0;  // 0: as large as the kernel
  Padding padding{.same = false};  // numbers: less than the kernel
  bool count_padding = false;      // average pooling: does padding count in what is divided by? PyTorch: true
};

// (N, C, H, W) -> (N, C, P, Q)
class Pool2d : public Layer {
 public:
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return kind_; }
  Geometry geometry(const Shape& input) const;  // how the windows lie on such pictures

 protected:
  Pool2d(const char* kind, const PoolOptions& options);

 private:
  const char* kind_;
  Geometry windows_;  // with explicit padding; `same` depends on the picture
  bool same_;
};

// The mean of the numbers under each window. With padding `same` and without count_padding it is that of Keras.
class AvgPool2d : public Pool2d {
 public:
  explicit AvgPool2d(const PoolOptions& options)
      : Pool2d("avg_pool2d", options), count_padding_(options.count_padding) {}
  Var operator()(const Pass& pass, Var x) override;

 private:
  bool count_padding_;
};

// The largest number under each window; padding does not take part.
class MaxPool2d : public Pool2d {
 public:
  explicit MaxPool2d(const PoolOptions& options) : Pool2d("max_pool2d", options) {}
  Var operator()(const Pass& pass, Var x) override;
};

// The mean of each channel: (N, C, H, W) -> (N, C). Lin et al., "Network in network", 2014.
class GlobalAvgPool : public Layer {
 public:
  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "global_avg_pool"; }
};

// Each pixel becomes fy x fx equal ones: (N, C, H, W) -> (N, C, fy H, fx W). Followed by a convolution it avoids the
// chequered patterns of transposed ones: Odena et al., "Deconvolution and checkerboard artifacts", 2016.
class Upsample : public Layer {
 public:
  Upsample(int fy, int fx);
  Var operator()(const Pass& pass, Var x) override;
  Shape output_shape(const Shape& input) const override;
  std::string kind() const override { return "upsample"; }

 private:
  int fy_, fx_;
};

}  // namespace tapestry
