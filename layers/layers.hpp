// All layers.
#pragma once
#include "layers/activations.hpp"
#include "layers/batch_norm.hpp"
#include "layers/conditional.hpp"
#include "layers/conv2d.hpp"
#include "layers/conv_transpose2d.hpp"
#include "layers/dropout.hpp"
#include "layers/linear.hpp"
#include "layers/sequential.hpp"
#include "layers/shaping.hpp"
