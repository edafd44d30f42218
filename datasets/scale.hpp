// Between the bytes of a picture and the numbers of a network. The scale is the range of the generator's last
// activation: [0, 1] for a sigmoid, [-1, 1] for a tanh.
#pragma once
#include <cstdint>
#include <vector>

#include "autograd/tensor.hpp"

namespace tapestry {

enum class Scale { zero_to_one, minus_one_to_one };

// numbers[i] = bytes[i] / 255, or (bytes[i] - 127.5) / 127.5.
void to_numbers(const std::uint8_t* bytes, Index count, Scale scale, Real* numbers);

// The way back, rounded to the nearest byte; what lies outside the scale is clamped, NaN becomes 0.
std::vector<std::uint8_t> to_bytes(const Tensor& pictures, Scale scale);

}  // namespace tapestry
