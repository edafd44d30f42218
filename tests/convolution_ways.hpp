// Every way in which the kernels convolve.
#pragma once
#include <string>

#include "autograd/kernels/convolution.hpp"

namespace tapestry {

struct Way {
  std::string name;
  Tensor (*gather)(const kernels::Convolution&, const Tensor&, const Tensor&, const kernels::Epilogue&);
  Tensor (*scatter)(const kernels::Convolution&, const Tensor&, const Tensor&, const kernels::Epilogue&);
  Tensor (*weight_gradient)(const kernels::Convolution&, const Tensor&, const Tensor&);
};
inline const Way ways[] = {
    {"default", kernels::gather, kernels::scatter, kernels::weight_gradient},
    {"im2col", kernels::im2col::gather, kernels::im2col::scatter, kernels::im2col::weight_gradient},
    {"im2col in loops", kernels::im2col_in_loops::gather, kernels::im2col_in_loops::scatter,
     kernels::im2col_in_loops::weight_gradient},
    {"table", kernels::table::gather, kernels::table::scatter, kernels::table::weight_gradient},
    {"unfolded", kernels::unfolded::gather, kernels::unfolded::scatter, kernels::unfolded::weight_gradient},
    {"winograd", kernels::winograd::gather, kernels::winograd::scatter, kernels::winograd::weight_gradient},
};

// Winograd's way divides by the differences of its points; the others only add and multiply.
inline bool only_adds_and_multiplies(const Way& way, const kernels::Convolution& k) {
  return way.name != "winograd" && (way.name != "default" || kernels::best_way(k) != kernels::Way::winograd);
}

}  // namespace tapestry
