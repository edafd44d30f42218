// Data sets in IDX files of any name, size and number of classes, and their splits.
#include <doctest/doctest.h>

#include "datasets/idx.hpp"
#include "datasets/mnist.hpp"
#include "datasets/sha256.hpp"
#include "tests/data_files.hpp"
#include "tests/real_mnist.hpp"

using namespace tapestry;

namespace {

Bytes big_endian(std::uint32_t number) {
  return {static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
          static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

// Pictures of 2 x 3 pixels that count 0, 1, 2, ...
Bytes image_file(int count) {
  return Bytes{0, 0, 8, 3} + big_endian(count) + big_endian(2) + big_endian(3) + counting(6 * count);
}

Bytes label_file(const Bytes& labels) {
  return Bytes{0, 0, 8, 1} + big_endian(static_cast<std::uint32_t>(labels.size())) + labels;
}

}  // namespace

TEST_CASE("load_idx takes any two files, and as many classes as the labels say") {
  const DataFolder folder;
  const std::string images = folder.write("some pictures", gzip(image_file(2)));
  const std::string labels = folder.write("their labels", label_file({3, 46}));
  const Dataset data = load_idx({images, labels});
  CHECK(data.name == images);
  CHECK(data.picture_shape == Shape{1, 2, 3});
  CHECK(data.pixels == counting(12));
  CHECK(data.labels == Bytes{3, 46});
  CHECK(data.classes == 47);
  CHECK(data.class_names.empty());
  CHECK(data.notes ==
        std::vector<std::string>{
            images + ": not a file of MNIST or Fashion-MNIST (sha256 " + sha256({image_file(2)}) + ")",
            labels + ": not a file of MNIST or Fashion-MNIST (sha256 " + sha256({label_file({3, 46})}) + ")"});

  const Dataset unlabelled = load_idx({images, {}});
  CHECK(unlabelled.pixels == counting(12));
  CHECK(unlabelled.labels.empty());
  CHECK(unlabelled.classes == 0);
}

TEST_CASE("load_idx says what is wrong with files of its own") {
  const DataFolder folder;
  const std::string images = folder.write("images", image_file(2)), labels = folder.write("labels", label_file({1}));
  const std::string advice = "; get a whole copy of the file from where it came";
  CHECK(error_of([&] {
          load_idx({images, labels});
        }) == labels + ": has 1 labels; expected 2, one for each picture of " + images + advice);
  CHECK(error_of([&] { load_idx({images, images}); }) == images + ": has 3 axes; expected 1" + advice);
  const std::string none = (folder.path / "none").string();
  CHECK(error_of([&] {
          load_idx({images, none});
        }) == none + ": cannot be opened (No such file or directory); expected a file to read" + advice);
}

TEST_CASE("transposed, rows become columns") {
  const DataFolder folder;
  const Dataset data = load_idx({folder.write("images", image_file(2)), {}}, Orientation::transposed);
  CHECK(data.picture_shape == Shape{1, 3, 2});
  CHECK(data.pixels == Bytes{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11});
}

TEST_CASE("load_mnist finds files with a data set's own name in front, as EMNIST has them") {
  const DataFolder folder;
  folder.write("emnist-letters-train-images-idx3-ubyte.gz", gzip(image_file(1)));
  folder.write("emnist-letters-train-labels-idx1-ubyte.gz", gzip(label_file({26})));
  const std::string images = folder.write("emnist-letters-test-images-idx3-ubyte", image_file(2));
  folder.write("emnist-letters-test-labels-idx1-ubyte", label_file({1, 2}));
  CHECK(find_mnist({folder.path}) == folder.path);
  CHECK(load_mnist(folder.path, Split::training).classes == 27);
  const Dataset test = load_mnist(folder.path, Split::test);
  CHECK(test.count() == 2);
  CHECK(test.notes[2] ==
        images + ": EMNIST holds pictures with rows and columns exchanged; transposed they stand upright");
  const Dataset upright = load_mnist(folder.path, Split::test, Orientation::transposed);
  CHECK(upright.picture_shape == Shape{1, 3, 2});
  CHECK(upright.notes.size() == 2);

  folder.write("emnist-balanced-train-images-idx3-ubyte", image_file(1));
  CHECK(error_of([&] { load_mnist(folder.path, Split::training); }) ==
        folder.path.string() +
            ": has files of emnist-balanced-* and emnist-letters-*; expected those of one data set; "
            "keep each in a folder of its own, or name the files");
  folder.write("train-images-idx3-ubyte", image_file(3));
  folder.write("train-labels-idx1-ubyte", label_file({0, 1, 2}));
  CHECK(load_mnist(folder.path, Split::training).count() == 3);
}

TEST_CASE(
    "the first 5,000 pictures of a training set are for validation, as TensorFlow 1 has it, and the rest is what is "
    "left") {
  const DataFolder folder;
  Bytes labels(5'002, 0);
  labels[4'999] = 1, labels[5'000] = 2, labels[5'001] = 3;
  folder.write("train-images-idx3-ubyte", image_file(5'002));
  folder.write("train-labels-idx1-ubyte", label_file(labels));
  const std::string name = folder.path.string();

  const Dataset all = load_mnist(folder.path, Split::training);
  const Dataset validation = load_mnist(folder.path, Split::validation);
  const Dataset rest = load_mnist(folder.path, Split::training_without_validation);
  CHECK(all.count() == 5'002);
  CHECK(all.name == name + ", training set");
  CHECK(validation.count() == 5'000);
  CHECK(validation.name == name + ", validation set");
  CHECK(validation.pixels == part(all, 0, 5'000).pixels);
  CHECK(validation.labels[4'999] == 1);
  CHECK(rest.count() == 2);
  CHECK(rest.name == name + ", training set without validation set");
  CHECK(rest.pixels == part(all, 5'000, 2).pixels);
  CHECK(rest.labels == Bytes{2, 3});

  folder.write("train-images-idx3-ubyte", image_file(5'000));
  folder.write("train-labels-idx1-ubyte", label_file(Bytes(5'000, 0)));
  CHECK(error_of([&] { load_mnist(folder.path, Split::validation); }) ==
        name +
            ", validation set: has 5000 pictures; expected more than 5000, the first of which are for validation; "
            "take the whole training set");
}

TEST_CASE("the 55,000 pictures of the real MNIST begin where its validation set ends") {
  const auto folder = real_mnist();
  if (!folder) return;
  const Dataset all = load_mnist(*folder, Split::training);
  const Dataset rest = load_mnist(*folder, Split::training_without_validation);
  CHECK(rest.name == "MNIST, training set without validation set");
  CHECK(rest.count() == 55'000);
  CHECK(rest.pixels == part(all, 5'000, 55'000).pixels);
  CHECK(rest.labels == part(all, 5'000, 55'000).labels);
}

TEST_CASE("a file of MNIST beside one that is not does not make it MNIST") {
  const auto folder = real_mnist();
  if (!folder) return;
  const DataFolder mixed;
  for (const char* name : {"t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"})
    if (std::filesystem::exists(*folder / name)) std::filesystem::copy(*folder / name, mixed.path);
  mixed.write("t10k-labels-idx1-ubyte", label_file(Bytes(10'000, 3)));
  const Dataset data = load_mnist(mixed.path, Split::test);
  CHECK(data.name == mixed.path.string() + ", test set");
  CHECK(data.notes[0].ends_with(": verified, MNIST's test images"));
}

TEST_CASE("an IDX file with any byte changed, or cut anywhere, is an error or a file of what it declares") {
  const DataFolder folder;
  const Bytes plain = image_file(2), packed = gzip(plain);
  int refused = 0;
  const auto attempt = [&](const Bytes& bytes) {
    const std::string name = folder.write("images", bytes);
    try {
      const IdxFile idx = read_idx(name, 3, "");
      CHECK(idx.values.size() == static_cast<std::size_t>(idx.shape.size()));
    } catch (const Error&) {
      ++refused;
    }
  };
  for (const Bytes& file : {plain, packed}) {
    for (std::size_t length = 0; length < file.size(); ++length) attempt(first(file, length));
    for (std::size_t at = 0; at < file.size(); ++at)
      for (const int flip : {1, 128, 255}) {
        Bytes changed = file;
        changed[at] ^= static_cast<std::uint8_t>(flip);
        attempt(changed);
      }
  }
  CHECK(refused > static_cast<int>(plain.size() + packed.size()));
}
