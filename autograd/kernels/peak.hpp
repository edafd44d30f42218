// What the machine can do at all: the yardstick for every kernel.
#pragma once

namespace tapestry::kernels {

// Floating-point operations a second (a fused multiply-add counts two) of all threads together, measured over so many
// seconds: nothing but multiply-adds of whole vectors in registers.
double measure_peak(double seconds = 0.03);

}  // namespace tapestry::kernels
