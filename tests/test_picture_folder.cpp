// A folder of pictures: cut and resized as told, in one order, whatever lies in it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "autograd/machine.hpp"
#include "datasets/picture_file.hpp"
#include "datasets/picture_folder.hpp"
#include "datasets/resample.hpp"
#include "tests/data_files.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

void append(void* to, void* data, int size) {
  const auto* bytes = static_cast<std::uint8_t*>(data);
  static_cast<Bytes*>(to)->insert(static_cast<Bytes*>(to)->end(), bytes, bytes + size);
}

// Pixels (height, width, channels), 1 to 4 channels.
Bytes png(int width, int height, int channels, const Bytes& pixels) {
  Bytes file;
  REQUIRE(stbi_write_png_to_func(append, &file, width, height, channels, pixels.data(), width * channels));
  return file;
}
Bytes jpeg(int width, int height, int channels, const Bytes& pixels) {
  Bytes file;
  REQUIRE(stbi_write_jpg_to_func(append, &file, width, height, channels, pixels.data(), 100));
  return file;
}
Bytes grey_png(std::uint8_t grey) { return png(2, 2, 1, Bytes(4, grey)); }

Bytes read(const Bytes& file, const Shape& shape) {
  const DataFolder folder;
  Bytes pixels(shape.size());
  REQUIRE(read_picture(folder.write("a.png", file), shape, pixels.data()) == "");
  return pixels;
}

std::vector<float> resampled(const std::vector<float>& row, double begin, double length, Index target) {
  std::vector<float> result(target);
  const Resampling resampling(row.size(), begin, length, target);
  resampling(row.data() + resampling.first(), result.data());
  return result;
}

}  // namespace

TEST_CASE("a row that keeps its length keeps its pixels") {
  CHECK(resampled({1, 5, 2, 8}, 0, 4, 4) == std::vector<float>{1, 5, 2, 8});
  CHECK(resampled({1, 5, 2, 8}, 1, 2, 2) == std::vector<float>{5, 2});
}

TEST_CASE("a row that grows is interpolated in straight lines, and ends as it ended") {
  const std::vector<float> expected = {0, 1, 3, 4};
  const std::vector<float> row = resampled({0, 4}, 0, 2, 4);
  for (int i = 0; i < 4; ++i) CHECK(row[i] == doctest::Approx(expected[i]));
}

TEST_CASE("a row that shrinks to half weighs with a tent two new pixels wide") {
  // Pixels 0 to 7; new pixel 1 lies at 3: its weights for pixels 1 to 4 are 1/8, 3/8, 3/8, 1/8; the ends have no
  // outside.
  const std::vector<float> row = resampled({0, 0, 0, 80, 0, 0, 0, 70}, 0, 8, 4);
  CHECK(row[0] == doctest::Approx(0));
  CHECK(row[1] == doctest::Approx(80.0 * 3 / 8));
  CHECK(row[2] == doctest::Approx(80.0 / 8));
  CHECK(row[3] == doctest::Approx(70.0 * 3 / 7));
}

TEST_CASE("no pixel of a row is lost when it shrinks, and what is even stays even") {
  for (const Index source : {7, 31, 100})
    for (const Index target : {1, 3, 5}) {
      for (Index i = 0; i < source; ++i) {
        std::vector<float> row(source, 0);
        row[i] = 1;
        const std::vector<float> shrunk = resampled(row, 0, double(source), target);
        CHECK(*std::max_element(shrunk.begin(), shrunk.end()) > 0);
      }
      for (const float value : resampled(std::vector<float>(source, 7), 0.3, source - 0.5, target))
        CHECK(value == doctest::Approx(7));
    }
}

TEST_CASE("a picture of the right size is read as it is, grey or colour, PNG or JPEG") {
  const Bytes grey = {0, 51, 102, 255}, colour = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  CHECK(read(png(2, 2, 1, grey), {1, 2, 2}) == grey);
  CHECK(read(png(2, 2, 1, grey), {3, 2, 2}) == grey + grey + grey);
  CHECK(read(png(2, 2, 3, colour), {3, 2, 2}) == Bytes{1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12});
  const Bytes loaded = read(jpeg(16, 16, 3, Bytes(16 * 16 * 3, 200)), {3, 16, 16});
  for (const std::uint8_t value : loaded) CHECK(std::abs(value - 200) <= 1);
}

TEST_CASE("colour becomes grey by its luma, and transparent pixels lie on white") {
  const Bytes red_green_blue = {255, 0, 0, 0, 255, 0, 0, 0, 255};
  CHECK(read(png(3, 1, 3, red_green_blue), {1, 1, 3}) == Bytes{76, 150, 29});
  CHECK(read(png(2, 1, 4, {9, 9, 9, 0, 100, 0, 200, 51}), {3, 1, 2}) == Bytes{255, 224, 255, 204, 255, 244});
  CHECK(read(png(2, 1, 2, {0, 0, 0, 255}), {1, 1, 2}) == Bytes{255, 0});
}

TEST_CASE("of the middle the largest part with the right proportions is taken") {
  CHECK(read(png(5, 1, 1, {1, 2, 3, 4, 5}), {1, 1, 1}) == Bytes{3});
  CHECK(read(png(1, 5, 1, {1, 2, 3, 4, 5}), {1, 1, 1}) == Bytes{3});
  CHECK(read(png(6, 2, 1, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), {1, 2, 2}) == Bytes{3, 4, 9, 10});
  CHECK(read(png(6, 2, 1, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), {1, 1, 3}) == Bytes{5, 7, 8});
  CHECK(read(png(2, 6, 1, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), {1, 2, 2}) == Bytes{5, 6, 7, 8});
}

TEST_CASE("a large picture comes out as its own small copy") {
  Bytes pixels;
  for (int y = 0; y < 300; ++y)
    for (int x = 0; x < 400; ++x) pixels.push_back(static_cast<std::uint8_t>(255 * x / 400));  // brighter to the right
  const Bytes small = read(png(400, 300, 1, pixels), {1, 10, 10});
  for (int i = 0; i < 100; ++i) {
    const double place = 50 + 30 * (i % 10 + 0.5) - 0.5;  // 50 pixels are cut off on the left
    CHECK(std::abs(small[i] - 255 * place / 400) < 1.5);
  }
}

TEST_CASE("read_picture says in a few words why a file cannot be read") {
  const DataFolder folder;
  Bytes pixels(4);
  const auto reason = [&](const std::string& file) { return read_picture(file, {1, 2, 2}, pixels.data()); };
  CHECK(reason((folder.path / "none.png").string()) == "No such file or directory");
  CHECK(reason(folder.write("empty.png", {})) == "is no whole PNG or JPEG: unknown image type");
  CHECK(reason(folder.write("text.png", {'h', 'e', 'l', 'l', 'o'})) == "is no whole PNG or JPEG: unknown image type");
  const Bytes good = png(2, 2, 1, {1, 2, 3, 4});
  CHECK(reason(folder.write("cut.png", first(good, good.size() - 20))).starts_with("is damaged: "));
  Bytes bomb = good;
  bomb[18] = 20'000 >> 8, bomb[19] = 20'000 & 255, bomb[22] = 10'000 >> 8,
  bomb[23] = 10'000 & 255;  // the header's size
  CHECK(reason(folder.write("bomb.png", bomb)) == "is 20000 x 10000 pixels, more than 100000000");
  Bytes overflow = jpeg(2, 2, 3, Bytes(12, 7));
  const Bytes table = {0xff, 0xc4};
  const auto place = std::search(overflow.begin(), overflow.end(), table.begin(), table.end());
  REQUIRE(place != overflow.end());
  CHECK(reason(folder.write("tables.jpg", overflow)) == "");
  place[5 + 7] = 255, place[5 + 8] = 255;  // codes of 8 and of 9 bits
  CHECK(reason(folder.write("tables.jpg", overflow)) == "is damaged: a Huffman table has more than 256 codes");
  const std::string huge = folder.write("huge.png", good);
  fs::resize_file(huge, (1 << 28) + 1);
  CHECK(reason(huge) == "has 268435457 bytes, more than 268435456");
}

TEST_CASE("sub-folders are classes, by name, and pictures come in the order of their paths") {
  const DataFolder folder;
  folder.write("dogs/b.PNG", grey_png(4));
  folder.write("dogs/a/c.jpeg", jpeg(2, 2, 1, Bytes(4, 3)));
  folder.write("cats/2.png", grey_png(2));
  folder.write("cats/10.jpg", jpeg(2, 2, 1, Bytes(4, 1)));
  folder.write("cats/readme.txt", {'x'});
  folder.write("cats/.hidden.png", {'x'});
  folder.write(".git/x.png", {'x'});
  folder.write("dogs/.trash/x.png", {'x'});
  folder.write("empty/notes.md", {'x'});
  for (const int threads : {1, 3}) {
    use_threads(threads);
    const Dataset data = load_picture_folder(folder.path, {1, 1, 1});
    CHECK(data.name == folder.path.string());
    CHECK(data.picture_shape == Shape{1, 1, 1});
    CHECK(data.pixels == Bytes{1, 2, 3, 4});
    CHECK(data.labels == Bytes{0, 0, 1, 1});
    CHECK(data.classes == 2);
    CHECK(data.class_names == std::vector<std::string>{"cats", "dogs"});
    CHECK(data.notes ==
          std::vector<std::string>{folder.path.string() +
                                   ": left alone what is not called .png, .jpg or .jpeg: cats/readme.txt, "
                                   "empty/notes.md"});
  }
  use_threads(0);
}

TEST_CASE("a folder without sub-folders is one class") {
  const DataFolder folder;
  folder.write("flowers/b.png", grey_png(2));
  folder.write("flowers/a.png", grey_png(1));
  const Dataset data = load_picture_folder(folder.path / "flowers" / "", {1, 1, 1});
  CHECK(data.pixels == Bytes{1, 2});
  CHECK(data.labels == Bytes{0, 0});
  CHECK(data.class_names == std::vector<std::string>{"flowers"});
}

TEST_CASE("links to pictures and to classes are followed, but none in a circle") {
  const DataFolder folder;
  const std::string picture = folder.write("far/one.png", grey_png(1));
  folder.write("here/class/two.png", grey_png(2));
  fs::create_symlink(picture, folder.path / "here/class/linked.png");
  fs::create_directory_symlink(folder.path / "far", folder.path / "here/linked class");
  fs::create_directory_symlink(folder.path, folder.path / "here/class/back");
  fs::create_directory_symlink(folder.path / "here", folder.path / "here/itself");
  fs::create_directory_symlink(folder.path, folder.path / "here/above");
  const Dataset data = load_picture_folder(folder.path / "here", {1, 1, 1});
  CHECK(data.pixels == Bytes{1, 2, 1});
  CHECK(data.class_names == std::vector<std::string>{"class", "linked class"});
  fs::create_symlink("loop.png", folder.path / "here/class/loop.png");
  CHECK(error_of([&] {
          load_picture_folder(folder.path / "here", {1, 1, 1});
        }).find("class/loop.png (Too many levels") != std::string::npos);
}

TEST_CASE("unreadable pictures are refused all at once, or skipped and named") {
  const DataFolder folder;
  const std::string name = folder.path.string();
  folder.write("a/bad.png", {'x'});
  folder.write("a/good.png", grey_png(5));
  folder.write("b/bad.jpg", {});
  folder.write("b/good.png", grey_png(6));
  const std::string which =
      "2 of 4 pictures cannot be read: a/bad.png (is no whole PNG or JPEG: unknown image type), b/bad.jpg (is no whole "
      "PNG or JPEG: unknown image type)";
  CHECK(error_of([&] {
          load_picture_folder(folder.path, {1, 2, 2});
        }) == name + ": " + which + "; expected whole PNG or JPEG pictures; mend or remove them, or have them skipped");
  const Dataset data = load_picture_folder(folder.path, {1, 2, 2}, Unreadable::skip);
  CHECK(data.pixels == Bytes{5, 5, 5, 5, 6, 6, 6, 6});
  CHECK(data.labels == Bytes{0, 1});
  CHECK(data.notes[0] ==
        name +
            ": skipped 2 of 4 pictures that cannot be read: a/bad.png (is no whole PNG or JPEG: unknown image type), "
            "b/bad.jpg (is no whole PNG or JPEG: unknown image type)");
  fs::remove(folder.path / "a/good.png");
  fs::remove(folder.path / "b/good.png");
  for (int i = 0; i < 10; ++i) folder.write("c/" + std::to_string(i) + ".png", {});
  const std::string error = error_of([&] { load_picture_folder(folder.path, {1, 2, 2}, Unreadable::skip); });
  CHECK(error.starts_with(
      name + ": 12 of 12 pictures cannot be read: a/bad.png (is no whole PNG or JPEG: unknown image type), b/bad.jpg"));
  CHECK(error.ends_with(
      "c/7.png (is no whole PNG or JPEG: unknown image type) and 2 more; expected whole PNG or JPEG pictures; mend or "
      "remove them"));
}

TEST_CASE("folders that make no data set are refused") {
  const DataFolder folder;
  const std::string name = folder.path.string();
  const auto error = [&](const fs::path& path, const Shape& shape = {1, 1, 1}) {
    return error_of([&] { load_picture_folder(path, shape); });
  };
  const std::string expected = "; expected .png, .jpg or .jpeg files in it, or in sub-folders, one for each class";
  CHECK(error(folder.path) == name + ": has no pictures" + expected);
  const std::string text = folder.write("a.gif", {'x'});
  CHECK(error(folder.path) == name + ": has no pictures" + expected + "; it has a.gif");
  CHECK(error(folder.path / "none") ==
        name +
            "/none: cannot be looked into (No such file or directory); expected a folder of pictures; check its name "
            "and its permissions");
  CHECK(error(text) == text +
                           ": cannot be looked into (Not a directory); expected a folder of pictures; check its name "
                           "and its permissions");
  folder.write("a.png", grey_png(1));
  folder.write("sub/b.png", grey_png(1));
  CHECK(error(folder.path) == name +
                                  ": has 1 pictures of its own and others in sub; expected all in it, or all in its "
                                  "sub-folders, which are the classes; move the pictures");
  for (const Shape& shape : {Shape{2, 1, 1}, Shape{1, 1}, Shape{1, 4097, 1}})
    CHECK(error(folder.path, shape) == name + ": asked for pictures of shape " + shape.text() +
                                           "; expected (1, H, W) or (3, H, W), at most 4096 high and wide");
  const DataFolder many;
  for (int i = 0; i < 257; ++i) many.write(std::to_string(i) + "/a.png", grey_png(1));
  CHECK(error(many.path) == many.path.string() +
                                ": has more than 256 sub-folders with pictures; expected at most so many classes; put "
                                "the pictures into fewer");
}

TEST_CASE("a picture with any byte changed, or cut anywhere, is read or refused") {
  const DataFolder folder;
  Bytes pixels;
  for (int i = 0; i < 9 * 7 * 3; ++i) pixels.push_back(static_cast<std::uint8_t>(i * i));
  Bytes read(3 * 4 * 4);
  int refused = 0, attempts = 0;
  const auto attempt = [&](const Bytes& bytes) {
    refused += !read_picture(folder.write("a.png", bytes), {3, 4, 4}, read.data()).empty();
    ++attempts;
  };
  for (const Bytes& file : {png(9, 7, 3, pixels), jpeg(9, 7, 3, pixels)}) {
    for (std::size_t length = 0; length < file.size(); length += 3) attempt(first(file, length));
    for (std::size_t at = 0; at < file.size(); ++at) {
      Bytes changed = file;
      changed[at] ^= static_cast<std::uint8_t>(at % 255 + 1);
      attempt(changed);
    }
  }
  CHECK(refused > 200);
  CHECK(refused < attempts);
}
