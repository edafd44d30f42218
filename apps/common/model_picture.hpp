// A picture of both networks (SVG 1.1): a box for each layer, with the shapes that go in and come out.
#pragma once
#include <string>

#include "layers/sequential.hpp"

namespace tapestry {

// The generator on the left, the discriminator beside it, and an arrow from the one's pictures to the other.
std::string model_picture(Sequential& generator, Sequential& discriminator, const Shape& latents);

}  // namespace tapestry
