// CIFAR-10 from folders and from its archive: every record where it belongs, and whatever is wrong is told.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "datasets/cifar10.hpp"
#include "datasets/sha256.hpp"
#include "datasets/tar.hpp"
#include "tests/data_files.hpp"

using namespace tapestry;

namespace {

constexpr std::size_t batch_bytes = 30'730'000, record_bytes = 3073;
const std::string advice =
    "; a good copy is cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html; \"curl -C - -O "
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz\" goes on with a download that broke off";

// 10,000 black pictures of airplanes, but for the first, of class `label`, and the last, which counts.
Bytes batch(std::uint8_t label) {
  Bytes bytes(batch_bytes, 0);
  bytes[0] = label;
  for (std::size_t i = 0; i < record_bytes - 1; ++i) bytes[batch_bytes - record_bytes + 1 + i] = i % 251;
  return bytes;
}

// The same bytes as a file with a hole in its middle, which costs no time to write.
std::string write_sparse(const DataFolder& folder, const std::string& name, const Bytes& bytes) {
  const std::string file = folder.write(name, first(bytes, record_bytes));
  std::filesystem::resize_file(file, bytes.size() - record_bytes);
  std::ofstream(file, std::ios::binary | std::ios::app)
      .write(reinterpret_cast<const char*>(bytes.data() + bytes.size() - record_bytes), record_bytes);
  return file;
}

Bytes text_field(const std::string& text, std::size_t length) {
  Bytes field(text.begin(), text.end());
  field.resize(length);
  return field;
}

std::string octal(std::size_t number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*zo", digits, number);
  return text;
}

// A member's header and content, filled up to whole blocks.
Bytes member(const std::string& name, const Bytes& content, char type = '0', const std::string& prefix = "") {
  const auto header = [&](const std::string& sum) {
    return text_field(name, 100) + text_field("0000644", 8) + text_field("0000000", 8) + text_field("0000000", 8) +
           text_field(octal(content.size(), 11), 12) + text_field("00000000000", 12) + text_field(sum, 8) +
           Bytes{static_cast<std::uint8_t>(type)} + text_field("", 100) + text_field("ustar", 6) + Bytes{'0', '0'} +
           text_field("", 80) + text_field(prefix, 155) + text_field("", 12);
  };
  const Bytes without_sum = header("        ");
  REQUIRE(without_sum.size() == 512);
  const std::size_t sum = std::accumulate(without_sum.begin(), without_sum.end(), std::size_t{0});
  Bytes all = header(octal(sum, 6) + std::string("\0 ", 2)) + content;
  all.resize((all.size() + 511) / 512 * 512);
  return all;
}

const Bytes end_of_archive(1024, 0);

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

struct Listed {
  std::string name;
  Bytes content;
  bool operator==(const Listed&) const = default;
};

std::vector<Listed> list(const std::string& archive) {
  std::vector<Listed> all;
  TarReader tar(archive);
  while (const auto next = tar.next()) {
    if (next->size > 10'000) fail("too large for this test");
    all.push_back({next->name, next->name == "skipped" ? Bytes{} : tar.content()});
  }
  return all;
}

}  // namespace

TEST_CASE("an archive's ordinary files are read in their order, or passed over") {
  const DataFolder folder;
  const Bytes archive = member("pictures/", {}, '5') + member("pictures/a", bytes_of("first")) +
                        member("skipped", counting(700)) + member("b", counting(512), '\0', "long/way") +
                        member("a link", {}, '2') + member("empty", {}) + end_of_archive + Bytes(5000, 0);
  for (const Bytes& bytes : {archive, gzip(archive)})
    CHECK(list(folder.write("x.tar", bytes)) ==
          std::vector<Listed>{
              {"pictures/a", bytes_of("first")}, {"skipped", {}}, {"long/way/b", counting(512)}, {"empty", {}}});
}

TEST_CASE("an archive that is cut, damaged or longer than it should be is refused") {
  const DataFolder folder;
  const Bytes good = member("a", counting(600)) + member("skipped", counting(600));
  const auto complaint = [&](const Bytes& bytes) {
    const std::string name = folder.write("x.tar", bytes);
    const std::string text = error_of([&] { list(name); });
    REQUIRE(text.starts_with(name + ": "));
    return text.substr(name.size() + 2);
  };
  const std::string whole = "; expected a whole archive";
  CHECK(complaint(good) == "ends without the blocks of zeros at the end of an archive" + whole);
  CHECK(complaint(first(good, 511)) == "ends without the blocks of zeros at the end of an archive" + whole);
  CHECK(complaint(first(good, 1111)) == "ends after 599 of a member's 600 bytes" + whole);
  CHECK(complaint(first(good, good.size() - 1)) == "ends in the middle of a member" + whole);
  CHECK(complaint(good + end_of_archive + Bytes{1}) == "goes on behind the end of the archive; expected its end");
  CHECK(complaint(gzip(good + end_of_archive + Bytes(3'000'000, 0))) ==
        "goes on behind the end of the archive; expected its end");
  for (const std::size_t at : {0, 124, 148, 156, 511}) {
    Bytes damaged = good + end_of_archive;
    damaged[at] ^= 1;
    CHECK(complaint(damaged) ==
          "has a member whose header is damaged; expected a tar archive, packed with gzip or not");
  }
  const Bytes packed = gzip(good + end_of_archive);
  CHECK(complaint(first(packed, packed.size() - 1)) ==
        "ends in the middle of its packed data; expected a whole gzip file");
}

TEST_CASE("an archive with any byte changed, or cut anywhere, is an error or an archive") {
  const DataFolder folder;
  const Bytes plain = member("a", counting(20)) + member("b", counting(30)) + end_of_archive, packed = gzip(plain);
  int refused = 0;
  const auto attempt = [&](const Bytes& bytes) {
    const std::string name = folder.write("x.tar", bytes);
    refused += error_of([&] { list(name); }) != "no error";
  };
  for (const Bytes& file : {plain, packed}) {
    for (std::size_t length = 0; length < file.size(); length += 7) attempt(first(file, length));
    for (std::size_t at = 0; at < file.size(); ++at) {
      Bytes changed = file;
      changed[at] ^= static_cast<std::uint8_t>(at % 255 + 1);
      attempt(changed);
    }
  }
  CHECK(refused > 1000);  // the headers have that many bytes
}

TEST_CASE("load_cifar10 reads the batches that are there, in their order, from a folder or an archive") {
  const DataFolder folder;
  const Bytes second = batch(3), fourth = batch(7), test = batch(9);
  write_sparse(folder, "unpacked/cifar-10-batches-bin/data_batch_2.bin", second);
  write_sparse(folder, "unpacked/cifar-10-batches-bin/data_batch_4.bin", fourth);
  write_sparse(folder, "unpacked/cifar-10-batches-bin/test_batch.bin", test);
  const std::string inside = "cifar-10-batches-bin/";
  const Bytes archive = member(inside, {}, '5') + member(inside + "data_batch_4.bin", fourth) +
                        member(inside + "readme.html", bytes_of("<html>")) + member(inside + "test_batch.bin", test) +
                        member(inside + "data_batch_2.bin", second) + end_of_archive;
  const Bytes gzipped = gzip(archive);
  const std::string packed = folder.write("packed/cifar-10-binary.tar.gz", gzipped);
  const std::string used = ": has 2 of 5 training batches (data_batch_2.bin, data_batch_4.bin); these are used";
  const auto in = [&](const char* name) { return folder.path / name; };

  for (const auto& source : {in("unpacked"), in("unpacked") / inside, in("packed"), std::filesystem::path(packed)}) {
    const bool is_archive = source.string().find("/packed") != std::string::npos;
    const Dataset data = load_cifar10(source, Split::training);
    CHECK(data.name == "CIFAR-10, training set");
    CHECK(data.picture_shape == Shape{3, 32, 32});
    CHECK(data.count() == 20'000);
    CHECK(data.labels.size() == 20'000);
    CHECK(data.labels[0] == 3);
    CHECK(data.labels[1] == 0);
    CHECK(data.labels[10'000] == 7);
    CHECK(data.classes == 10);
    CHECK(data.class_names == std::vector<std::string>{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog",
                                                       "horse", "ship", "truck"});
    CHECK(Bytes(data.pixels.end() - 3072, data.pixels.end()) == Bytes(fourth.end() - 3072, fourth.end()));
    CHECK(data.pixels[3072 * 9'999 + 1024] == 1024 % 251);  // green, of the first row's first pixel
    if (is_archive)
      CHECK(data.notes == std::vector<std::string>{
                              packed + ": not the original archive (sha256 " + sha256({gzipped}) + ")", packed + used});
    else
      CHECK(data.notes == std::vector<std::string>{(in("unpacked") / "cifar-10-batches-bin").string() +
                                                   (source == in("unpacked") ? "" : "/") + used});
    const Dataset tested = load_cifar10(source, Split::test);
    CHECK(tested.name == "CIFAR-10, test set");
    CHECK(tested.count() == 10'000);
    CHECK(tested.labels[0] == 9);
    CHECK(tested.notes.size() == is_archive);
    CHECK(find_cifar10({in("nowhere"), folder.path, source}) == source);
  }
  CHECK(load_cifar10(packed, Split::training_without_validation).count() == 15'000);
  CHECK_FALSE(find_cifar10({in("nowhere"), folder.path}));
}

TEST_CASE("load_cifar10 refuses what is not whole") {
  const DataFolder folder;
  const std::string name = folder.path.string();
  const auto error = [&](Split split = Split::training) { return error_of([&] { load_cifar10(folder.path, split); }); };
  CHECK(error() == name +
                       ": has no batches of CIFAR-10; expected data_batch_1.bin, ..., test_batch.bin, a folder "
                       "cifar-10-batches-bin with them, or cifar-10-binary.tar.gz" +
                       advice);
  const std::string file = write_sparse(folder, "data_batch_1.bin", first(batch(1), batch_bytes - record_bytes));
  CHECK(error() == file + ": has 30726927 bytes; expected 30730000, 10000 records of 3073" + advice);
  CHECK(error(Split::test) == name + ": has no test_batch.bin" + advice);
  write_sparse(folder, "data_batch_1.bin", batch(1) + Bytes{0});
  CHECK(error() == file + ": has 30730001 bytes; expected 30730000, 10000 records of 3073" + advice);
  write_sparse(folder, "data_batch_1.bin", batch(10));
  CHECK(error() == file + ": record 0 has label 10; expected 0 to 9" + advice);
  Bytes last = batch(1);
  last[batch_bytes - record_bytes] = 255;
  write_sparse(folder, "data_batch_1.bin", last);
  CHECK(error() == file + ": record 9999 has label 255; expected 0 to 9" + advice);
  write_sparse(folder, "data_batch_1.bin", batch(1));
  CHECK(error() == "no error");
}

TEST_CASE("load_cifar10 refuses an archive that is not whole, and says how large the original is") {
  const DataFolder folder;
  const Bytes archive = gzip(member("cifar-10-batches-bin/data_batch_1.bin", batch(1)) + end_of_archive);
  const std::string file = folder.write("cifar-10-binary.tar.gz", first(archive, 20'000));
  const auto error = [&] { return error_of([&] { load_cifar10(file, Split::training); }); };
  CHECK(error() == file +
                       ": ends in the middle of its packed data; expected a whole gzip file; the original archive has "
                       "170052171 bytes, this one 20000" +
                       advice);
  const Bytes small = member("data_batch_1.bin", counting(3073)) + end_of_archive;
  folder.write("cifar-10-binary.tar.gz", small);
  CHECK(error() == file +
                       ": data_batch_1.bin: has 3073 bytes; expected 30730000, 10000 records of 3073; the original "
                       "archive has 170052171 bytes, this one 5120" +
                       advice);
  folder.write("cifar-10-binary.tar.gz", member("readme", counting(3)) + end_of_archive);
  CHECK(error() == file + ": has no data_batch_1.bin" + advice);
}

TEST_CASE("the real CIFAR-10 is what is known of it") {
  std::vector<std::filesystem::path> places = {"data/cifar-10-batches-bin", "../shared/data/cifar-10-batches-bin"};
  if (const char* data = std::getenv("TAPESTRY_DATA"))
    places.insert(places.begin(), data + std::string("/cifar-10-batches-bin"));
  const auto source = find_cifar10(places);
  if (!source) {
    MESSAGE("skipped: no CIFAR-10 in $TAPESTRY_DATA, data, ../shared/data");
    return;
  }
  const Dataset test = load_cifar10(*source, Split::test);
  std::array<int, 10> histogram{};
  for (const std::uint8_t label : test.labels) ++histogram[label];
  for (const int count : histogram) CHECK(count == 1000);
  std::ifstream names(*source / "batches.meta.txt");
  for (std::string name; std::getline(names, name) && !name.empty();)
    CHECK(std::count(test.class_names.begin(), test.class_names.end(), name) == 1);
  const double sum = std::accumulate(test.pixels.begin(), test.pixels.end(), 0.0);
  CHECK(sum / test.pixels.size() == doctest::Approx(121.5).epsilon(0.01));
}
