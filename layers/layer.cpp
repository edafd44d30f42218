#include "layers/layer.hpp"

namespace tapestry {

Parameters Layer::parameters() {
  Parameters all;
  for (Parameter& p : parameters_) all.push_back(&p);
  return all;
}

Buffers Layer::buffers() {
  Buffers all;
  for (Buffer& b : buffers_) all.push_back(&b);
  return all;
}

}  // namespace tapestry
