// Files of data: whatever is wrong with one is found, named, and told with how to get a good copy.
#include <doctest/doctest.h>

#include <array>

#include "datasets/idx.hpp"
#include "datasets/mnist.hpp"
#include "datasets/sha256.hpp"
#include "tests/data_files.hpp"
#include "tests/real_mnist.hpp"

using namespace tapestry;

namespace {
const Bytes header = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};  // 2 pictures, 3 high, 4 wide
const Bytes good = header + counting(24);

// What read_idx says of a file with these bytes, without the name of the file and the advice, both of which must be
// there.
std::string complaint(const Bytes& bytes) {
  const DataFolder folder;
  const std::string name = folder.write("pictures", bytes), advice = "; ask your teacher";
  const std::string text = error_of([&] { read_idx(name, 3, "ask your teacher"); });
  REQUIRE(text.starts_with(name + ": "));
  REQUIRE(text.ends_with(advice));
  return text.substr(name.size() + 2, text.size() - name.size() - 2 - advice.size());
}

Bytes label_file(const Bytes& labels) {
  return Bytes{0, 0, 8, 1, 0, 0, 0, static_cast<std::uint8_t>(labels.size())} + labels;
}
}  // namespace

TEST_CASE("sha256 gives the example of FIPS 180-4, however it is cut") {
  const Bytes abc = {'a', 'b', 'c'};
  const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(sha256({abc}) == expected);
  CHECK(sha256({std::span(abc).first(1), std::span(abc).last(2)}) == expected);
}

TEST_CASE("read_idx reads plain files, packed files, and files packed in two members") {
  const DataFolder folder;
  for (const Bytes& file : {good, gzip(good), gzip(first(good, 20)) + gzip(Bytes(good.begin() + 20, good.end()))}) {
    const IdxFile idx = read_idx(folder.write("pictures", file), 3, "");
    CHECK(idx.shape == Shape{2, 3, 4});
    CHECK(idx.values == counting(24));
    CHECK(idx.sha256 == sha256({good}));
  }
}

TEST_CASE("read_idx reads what is longer than its buffer") {
  const DataFolder folder;
  const Bytes file = Bytes{0, 0, 8, 1, 0, 3, 0, 1} + counting(0x30001);
  for (const Bytes& bytes : {file, gzip(file)})
    CHECK(read_idx(folder.write("labels", bytes), 1, "").values == counting(0x30001));
}

TEST_CASE("read_idx refuses every wrong byte of the header") {
  const auto with = [](std::size_t at, std::uint8_t byte) {
    Bytes bytes = good;
    bytes[at] = byte;
    return bytes;
  };
  CHECK(complaint(with(0, 7)) == "begins with 0x07 0x00; expected 0x00 0x00, as every IDX file begins");
  CHECK(complaint(with(1, 7)) == "begins with 0x00 0x07; expected 0x00 0x00, as every IDX file begins");
  CHECK(complaint(with(2, 0x0d)) == "holds numbers of type 0x0d; expected 0x08, unsigned bytes");
  CHECK(complaint(with(3, 1)) == "has 1 axes; expected 3");
  CHECK(complaint(with(7, 3)) == "ends after 40 bytes; expected 52, as its header declares (3, 3, 4)");
  CHECK(complaint(with(11, 2)) == "goes on after 32 bytes; expected its end, as its header declares (2, 2, 4)");
  CHECK(complaint(with(15, 0)) == "declares an axis 2 of length 0; expected 1 or more");
  CHECK(complaint(with(6, 255)) ==
        "declares 65282 x 3 x 4 bytes, more than 40 packed ones can hold; expected as many as it has");
  CHECK(complaint(with(4, 255)) == "declares 4278190082 x 3 x 4 bytes; expected 2147483647 at most");
  const Bytes enormous = {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  CHECK(complaint(enormous) == "declares 4294967295 x 4294967295 x 4294967295 bytes; expected 2147483647 at most");
  const Bytes wraps_to_zero = {0, 0, 8, 3, 0, 64, 0, 0, 0, 32, 0, 0, 0, 32, 0, 0};
  CHECK(complaint(wraps_to_zero) == "declares 4194304 x 2097152 x 2097152 bytes; expected 2147483647 at most");
}

TEST_CASE("read_idx refuses a plain file of any other length") {
  for (std::size_t length = 0; length < header.size(); ++length)
    CHECK(complaint(first(good, length)) == "ends after " + std::to_string(length) + " bytes; expected a header of 16");
  for (std::size_t length = header.size(); length < good.size(); ++length)
    CHECK(complaint(first(good, length)) ==
          "ends after " + std::to_string(length) + " bytes; expected 40, as its header declares (2, 3, 4)");
  const std::string too_long = "goes on after 40 bytes; expected its end, as its header declares (2, 3, 4)";
  CHECK(complaint(good + Bytes{0}) == too_long);
  CHECK(complaint(gzip(good + Bytes{0})) == too_long);
  CHECK(complaint(gzip(first(good, 39))) == "ends after 39 bytes; expected 40, as its header declares (2, 3, 4)");
}

TEST_CASE("read_idx refuses a packed file that is cut anywhere, damaged, or goes on") {
  const Bytes packed = gzip(good);
  for (std::size_t length = 2; length < packed.size(); ++length)
    CHECK(complaint(first(packed, length)) == "ends in the middle of its packed data; expected a whole gzip file");
  const auto damaged = [&](std::size_t from_end) {
    Bytes bytes = packed;
    bytes[bytes.size() - from_end] ^= 1;
    return complaint(bytes);
  };
  CHECK(damaged(8) == "its packed data is damaged (incorrect data check); expected a whole gzip file");
  CHECK(damaged(4) == "its packed data is damaged (incorrect length check); expected a whole gzip file");
  CHECK(complaint(packed + Bytes{'m', 'o', 'r', 'e'}) ==
        "goes on after its packed data; expected a gzip file and nothing else");
}

TEST_CASE("read_idx unpacks no more than the header declares") {
  const Bytes bomb = gzip(good + Bytes(50'000'000, 0));
  CHECK(bomb.size() < 60'000);
  CHECK(complaint(bomb) == "goes on after 40 bytes; expected its end, as its header declares (2, 3, 4)");
}

TEST_CASE("read_idx names a file that cannot be read, and says why") {
  const DataFolder folder;
  const std::string none = (folder.path / "none").string();
  CHECK(error_of([&] { read_idx(none, 3, "look for it"); }) ==
        none + ": cannot be opened (No such file or directory); expected a file to read; look for it");
  CHECK(error_of([&] { read_idx(folder.path, 3, "look for it"); }) ==
        folder.path.string() + ": cannot be read (Is a directory); expected a file to read; look for it");
}

TEST_CASE("load_mnist reads data sets of MNIST's layout under each name and reports that they are not MNIST") {
  for (const char* joint : {"-", "."}) {
    const DataFolder folder;
    const std::string pictures = folder.write("t10k-images" + std::string(joint) + "idx3-ubyte.gz", gzip(good));
    const std::string labels = folder.write("t10k-labels" + std::string(joint) + "idx1-ubyte", label_file({9, 0}));
    const Dataset test = load_mnist(folder.path, Split::test);
    CHECK(test.name == folder.path.string() + ", test set");
    CHECK(test.count() == 2);
    CHECK(test.picture_shape == Shape{1, 3, 4});
    CHECK(test.pixels == counting(24));
    CHECK(test.labels == Bytes{9, 0});
    CHECK(test.classes == 10);
    CHECK(test.notes ==
          std::vector<std::string>{
              pictures + ": not a file of MNIST or Fashion-MNIST (sha256 " + sha256({good}) + ")",
              labels + ": not a file of MNIST or Fashion-MNIST (sha256 " + sha256({label_file({9, 0})}) + ")"});
  }
}

TEST_CASE("load_mnist says what is missing or does not fit together") {
  const DataFolder folder;
  const auto error = [&] { return error_of([&] { load_mnist(folder.path, Split::training); }); };
  const std::string copies = "; a good copy of MNIST's is at https://ossci-datasets.s3.amazonaws.com/mnist/";
  const std::string name = folder.path.string();
  CHECK(error() ==
        name + ": has no train-images-idx3-ubyte, with or without .gz; expected a folder with the files of MNIST" +
            copies + "train-images-idx3-ubyte.gz");
  const std::string pictures = folder.write("train-images-idx3-ubyte", good);
  CHECK(error() ==
        name + ": has no train-labels-idx1-ubyte, with or without .gz; expected a folder with the files of MNIST" +
            copies + "train-labels-idx1-ubyte.gz");
  const std::string labels = folder.write("train-labels-idx1-ubyte", label_file({1, 2, 3}));
  CHECK(error() == labels + ": has 3 labels; expected 2, one for each picture of " + pictures + copies +
                       "train-labels-idx1-ubyte.gz");
  folder.write("train-images-idx3-ubyte", first(good, 39));
  CHECK(error() == pictures + ": ends after 39 bytes; expected 40, as its header declares (2, 3, 4)" + copies +
                       "train-images-idx3-ubyte.gz");
}

TEST_CASE("find_mnist wants both files of the training set, or one, if no folder has both") {
  const DataFolder none, half, whole;
  half.write("train-images-idx3-ubyte", good);
  whole.write("train-images.idx3-ubyte.gz", gzip(good));
  whole.write("train-labels-idx1-ubyte.gz", gzip(label_file({1, 2})));
  CHECK(find_mnist({none.path, half.path, whole.path}) == whole.path);
  CHECK(find_mnist({none.path, half.path, none.path / "no folder"}) == half.path);
  CHECK_FALSE(find_mnist({none.path, none.path / "no folder"}));
}

TEST_CASE("the real MNIST is verified and is what is known of it") {
  const auto folder = real_mnist();
  if (!folder) return;
  const Dataset training = load_mnist(*folder, Split::training), test = load_mnist(*folder, Split::test);
  CHECK(training.name == "MNIST, training set");
  CHECK(test.name == "MNIST, test set");
  CHECK(training.notes[0].ends_with(": verified, MNIST's training images"));
  CHECK(training.notes[1].ends_with(": verified, MNIST's training labels"));
  CHECK(test.notes[0].ends_with(": verified, MNIST's test images"));
  CHECK(test.notes[1].ends_with(": verified, MNIST's test labels"));
  CHECK(training.picture_shape == Shape{1, 28, 28});
  CHECK(training.count() == 60'000);
  CHECK(test.count() == 10'000);
  CHECK(training.labels[0] == 5);
  std::array<int, 10> histogram{};
  for (const std::uint8_t label : training.labels) ++histogram[label];
  CHECK(histogram == std::array<int, 10>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});
}

TEST_CASE("part takes pictures with their labels, and no more than there are") {
  const Dataset whole{"four pictures", {1, 1, 2}, counting(8), {3, 2, 1, 0}, 4, {"a", "b", "c", "d"}, {"a note"}};
  const Dataset some = part(whole, 1, 2);
  CHECK(some.pixels == Bytes{2, 3, 4, 5});
  CHECK(some.labels == Bytes{2, 1});
  CHECK(some.picture_shape == whole.picture_shape);
  CHECK(some.class_names == whole.class_names);
  CHECK(some.notes == whole.notes);
  CHECK(part({"unlabelled", {1, 1, 2}, counting(8), {}, 0, {}, {}}, 0, 4).labels.empty());
  CHECK(error_of([&] { part(whole, 2, 3); }) ==
        "four pictures: asked for 3 pictures from number 2 on; it has 4, numbered from 0; ask for fewer");
  for (const auto& [from, count] : {std::pair{-1, 2}, {4, 1}, {0, 0}}) CHECK_THROWS_AS(part(whole, from, count), Error);
}
