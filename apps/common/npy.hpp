// Tensors in NumPy's own files, .npy (numpy.org/doc/stable/reference/generated/numpy.lib.format.html):
//
//   6 bytes    \x93NUMPY
//   2 bytes    version: 1.0, 2.0 or 3.0
//   2 bytes    length of the header, little-endian (4 bytes from version 2.0 on)
//   header     a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, spaces, a line break
//   the rest   the numbers
#pragma once
#include <string>

#include "autograd/tensor.hpp"

namespace tapestry {

// Numbers of type <f4, <f8, |u1, <i4 or <i8, in C or Fortran order, each converted to Real. Anything else in the file
// is an error that names the file, what it holds, and what was expected.
Tensor read_npy(const std::string& path);

// Version 1.0, C order, <f4 (<f8 in the double build), through write_file.
void write_npy(const std::string& path, const Tensor& tensor);

}  // namespace tapestry
