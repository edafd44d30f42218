// Dataset: pictures as bytes, with labels when they have any. Every reader of files and every maker of pictures fills
// one of these; batches (datasets/batches.hpp) are taken from it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/shape.hpp"

namespace tapestry {

struct Dataset {
  std::string name;                  // what it is: "MNIST, training set"
  Shape picture_shape;               // (C, H, W)
  std::vector<std::uint8_t> pixels;  // (N, C, H, W), row-major, 0 black to 255 white
  std::vector<std::uint8_t> labels;  // N numbers below `classes`, or none at all
  int classes = 0;
  std::vector<std::string> class_names;  // one for each class, or none when they are not known
  std::vector<std::string> notes;        // what a user should know of it, a line each: "train-images...: verified"

  Index count() const { return static_cast<Index>(pixels.size()) / picture_shape.size(); }
};

// Pictures first to first + count - 1, in their order. Error when the data set has fewer.
Dataset part(const Dataset& whole, Index first, Index count);

// Which pictures of a data set that comes as a training set and a test set. TensorFlow 1's reader of MNIST
// (tensorflow/contrib/learn/python/learn/datasets/mnist.py, read_data_sets) keeps the first 5,000 training pictures for
// validation, and what it calls the training set are the other 55,000.
enum class Split { training, test, validation, training_without_validation };

constexpr Index validation_count = 5'000;

bool in_training_set(Split split);  // all but `test`

// Of the whole training set or test set, named ", training set" and so on, the pictures of this split. Error when a
// training set is too small to be divided.
Dataset take(Dataset whole, Split split);

}  // namespace tapestry
