#include "datasets/scale.hpp"

namespace tapestry {
namespace {

// byte = zero + unit * number
struct Line {
  Real zero, unit;
};

Line line(Scale scale) { return scale == Scale::zero_to_one ? Line{0, 255} : Line{Real(127.5), Real(127.5)}; }

}  // namespace

void to_numbers(const std::uint8_t* bytes, Index count, Scale scale, Real* numbers) {
  const auto [zero, unit] = line(scale);
  for (Index i = 0; i < count; ++i) numbers[i] = (bytes[i] - zero) / unit;
}

std::vector<std::uint8_t> to_bytes(const Tensor& pictures, Scale scale) {
  const auto [zero, unit] = line(scale);
  std::vector<std::uint8_t> bytes(pictures.size());
  for (Index i = 0; i < pictures.size(); ++i) {
    const Real value = zero + unit * pictures[i];
    const Real positive = value > 0 ? value : 0;  // for NaN too
    bytes[i] = static_cast<std::uint8_t>((positive < 255 ? positive : 255) + Real(0.5));
  }
  return bytes;
}

}  // namespace tapestry
