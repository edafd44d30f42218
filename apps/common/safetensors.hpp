// Weight files in the safetensors format (huggingface.co/docs/safetensors): PyTorch, Keras and NumPy read and write it.
//
//   8 bytes    N, little-endian
//   N bytes    JSON, padded with spaces: {"0.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
//   the rest   the numbers, row-major, little-endian, without holes; offsets count from here
#pragma once
#include <map>
#include <string>
#include <vector>

#include "autograd/parameter.hpp"

namespace tapestry {

struct NamedTensor {
  std::string name;
  Tensor value;
};

struct Checkpoint {
  std::map<std::string, std::string> metadata;  // free text by key; the file calls it __metadata__
  std::vector<NamedTensor> tensors;             // in the order of their numbers in the file

  const Tensor& at(const std::string& name) const;  // an unknown name is an error
};

// Reads F32, F64 and I64, each converted to Real. Anything else in the file, or out of place, is an error that names
// the file, what is wrong, and what was expected.
Checkpoint read_safetensors(const std::string& path);

// Writes F32, or F64 in the double build, through write_file. The bytes depend on the content only.
void write_safetensors(const std::string& path, const Checkpoint& checkpoint);

// A model's parameters, then its buffers: what write_safetensors takes.
std::vector<NamedTensor> named_tensors(const Parameters& parameters, const Buffers& buffers);

// The way back. Everything stored must be in the checkpoint in its shape, and nothing else may be, except PyTorch's
// counters num_batches_tracked. Otherwise nothing is changed, and one error has a line for each mismatch; `path` is for
// that error.
void load_into(const Checkpoint& checkpoint, const Parameters& parameters, const Buffers& buffers,
               const std::string& path);

}  // namespace tapestry
