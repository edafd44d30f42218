// Weight files: what was written comes back, and nothing malformed gets in.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>

#include "apps/common/file.hpp"
#include "apps/common/safetensors.hpp"
#include "tests/temporary_folder.hpp"

using namespace tapestry;

namespace {

template <class Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

std::string file_of(const std::string& header, const std::string& data) {
  return bytes_of<std::uint64_t>({header.size()}) + header + data;
}

Checkpoint read(const std::string& bytes) {
  const TemporaryFolder folder;
  write_file(folder / "x.safetensors", bytes);
  return read_safetensors(folder / "x.safetensors");
}

// What reading these bytes complains about, without the path in front.
std::string complaint(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    const std::string text = error.what(), name = "x.safetensors: ";
    const auto place = text.find(name);
    return place == std::string::npos ? "no file name: " + text : text.substr(place + name.size());
  }
  return "accepted";
}

std::string complaint(const std::string& header, const std::string& data) { return complaint(file_of(header, data)); }

// {"a": ...} of this dtype, shape and place.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

Checkpoint example() {
  return {{{"version", "0.1.0"}, {"model", R"({"layers": ["ü", "\n"]})"}},
          {{"1.weight", Tensor({2, 3}, {1, -2, Real(0.1), 4, 5, std::numeric_limits<Real>::denorm_min()})},
           {"0.bias", Tensor(Shape{}, Real(7))},
           {"0.weight", Tensor({1, 2, 1, 2}, {1, 2, 3, 4})}}};
}

}  // namespace

TEST_CASE("safetensors: what was written comes back, in order") {
  const TemporaryFolder folder;
  const Checkpoint written = example();
  write_safetensors(folder / "a", written);
  const Checkpoint found = read_safetensors(folder / "a");
  CHECK(found.metadata == written.metadata);
  REQUIRE(found.tensors.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(found.tensors[i].name == written.tensors[i].name);
    CHECK(found.tensors[i].value.shape() == written.tensors[i].value.shape());
    CHECK(found.tensors[i].value.numbers() == written.tensors[i].value.numbers());
  }
  CHECK(found.at("0.bias").item() == 7);
  CHECK_THROWS_WITH_AS(found.at("2.bias"),
                       "Checkpoint: has no tensor 2.bias; expected one of: 1.weight, 0.bias, 0.weight", Error);

  write_safetensors(folder / "b", example());
  CHECK(read_file(folder / "a") == read_file(folder / "b"));
}

TEST_CASE("safetensors: the bytes are those of the format") {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", {{{"k", "v"}}, {{"w", Tensor({2}, {Real(1.5), Real(-2)})}}});
  const std::string type = sizeof(Real) == 4 ? "F32" : "F64";
  std::string header = R"({"__metadata__":{"k":"v"},"w":{"dtype":")" + type + R"(","shape":[2],"data_offsets":[0,)" +
                       std::to_string(2 * sizeof(Real)) + "]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  CHECK(read_file(folder / "a") == file_of(header, bytes_of<Real>({Real(1.5), Real(-2)})));

  write_safetensors(folder / "empty", {});
  CHECK(read_file(folder / "empty") == file_of("{}      ", ""));
  CHECK(read_safetensors(folder / "empty").tensors.empty());
}

TEST_CASE("safetensors: F32, F64 and I64 become Real, at any address") {
  const Checkpoint found = read(file_of(
      R"({"c":{"dtype":"I64","shape":[],"data_offsets":[24,32]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F64","shape":[1,2],"data_offsets":[8,24]}} )",
      bytes_of<float>({0.5f, -3}) + bytes_of<double>({0.1, 1e30}) + bytes_of<std::int64_t>({-42})));
  CHECK(found.tensors[0].name == "a");
  CHECK(found.at("a").numbers() == std::vector<Real>{Real(0.5), -3});
  CHECK(found.at("b").numbers() == std::vector<Real>{Real(0.1), Real(1e30)});
  CHECK(found.at("b").shape() == Shape{1, 2});
  CHECK(found.at("c").item() == -42);
}

TEST_CASE("safetensors: not a whole file of the format") {
  const std::string eight(8, '\0');
  const std::string good = file_of(one(R"("F32")", "[2]", "[0,8]"), eight);
  CHECK(complaint(good) == "accepted");
  CHECK(complaint("") == "has 0 bytes; expected a safetensors file, 10 or more");
  CHECK(complaint("1234567") == "has 7 bytes; expected a safetensors file, 10 or more");
  CHECK(complaint(bytes_of<std::uint64_t>({9}) + "{}") ==
        "announces a header of 9 bytes; expected at most 2; not a safetensors file, or a part of one");
  CHECK(
      complaint(bytes_of<std::uint64_t>({~std::uint64_t{0}}) + "{}") ==
      "announces a header of 18446744073709551615 bytes; expected at most 2; not a safetensors file, or a part of one");
  CHECK(complaint(good.substr(0, good.size() - 1)) ==
        "has 7 bytes of numbers; expected 8, as its header says; get a whole copy of it");
  CHECK(complaint(good + "!") == "has 9 bytes of numbers; expected 8, as its header says; get a whole copy of it");
  for (std::size_t length = 0; length < good.size(); ++length) CHECK(complaint(good.substr(0, length)) != "accepted");
}

TEST_CASE("safetensors: a header that is not JSON as the format wants it") {
  CHECK(complaint("", "") == "has a header that does not begin with {; expected a safetensors file");
  CHECK(complaint(" {}", "") == "has a header that does not begin with {; expected a safetensors file");
  CHECK(complaint("[]", "") == "has a header that does not begin with {; expected a safetensors file");
  CHECK(complaint(std::string("{}\0 ", 4), "") == "has a NUL byte in its header; expected JSON");
  CHECK(complaint("{]", "").starts_with("has a header that is not JSON ("));
  CHECK(complaint("{} {}", "").starts_with("has a header that is not JSON ("));
  CHECK(complaint("{\"\xff\":1}", "").starts_with("has a header that is not JSON ("));
  CHECK(complaint(R"({"a":1,"a":1})", "") == R"(has "a" twice in its header; expected every key once)");
  CHECK(complaint(R"({"a":{"dtype":"F32","dtype":"F32"}})", "") ==
        R"(has "dtype" twice in its header; expected every key once)");
  CHECK(complaint(R"({"__metadata__":{"k":"1","k":"2"}})", "") ==
        R"(has "k" twice in its header; expected every key once)");
  CHECK(complaint(one(R"("F32")", "[[2]]", "[0,8]"), "") ==
        "has a header nested more than 3 levels deep; expected a list of tensors");
  const std::string deep = R"({"a":)" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
  CHECK(complaint(deep, "") == "has a header nested more than 3 levels deep; expected a list of tensors");
}

TEST_CASE("safetensors: a tensor that is described wrongly") {
  const std::string eight(8, '\0');
  const std::string f32 = R"("F32")";
  CHECK(complaint(R"({"a":5})", "") ==
        R"(tensor "a" is described by 5; expected dtype, shape and data_offsets, and nothing else)");
  CHECK(
      complaint(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", eight) ==
      R"(tensor "a" is described by {"data_offsets":[0,8],"dtype":"F32","shape":[2],"x":1}; expected dtype, shape and data_offsets, and nothing else)");
  CHECK(
      complaint(R"({"a":{"dtype":"F32","shape":[2],"offsets":[0,8]}})", eight) ==
      R"(tensor "a" is described by {"dtype":"F32","offsets":[0,8],"shape":[2]}; expected dtype, shape and data_offsets, and nothing else)");
  CHECK(complaint(one(R"("F16")", "[4]", "[0,8]"), eight) ==
        R"(tensor "a" has dtype "F16"; expected F32, F64 or I64; convert it)");
  CHECK(complaint(one("32", "[2]", "[0,8]"), eight) ==
        "tensor \"a\" has dtype 32; expected F32, F64 or I64; convert it");
  CHECK(complaint(one(f32, "2", "[0,8]"), eight) == "tensor \"a\" has shape 2; expected at most 6 axes");
  CHECK(complaint(one(f32, "[1,1,1,1,1,1,2]", "[0,8]"), eight) ==
        "tensor \"a\" has shape [1,1,1,1,1,1,2]; expected at most 6 axes");
  for (const std::string shape :
       {"[0]", "[2,0]", "[-2]", "[2.0]", "[true]", "[\"2\"]", "[null]", "[4294967298]", "[1e300]", "[2147483648]",
        "[2147483647,2147483647,2147483647]", "[2147483647,2147483647,2]"})
    CHECK(complaint(one(f32, shape, "[0,8]"), eight)
              .ends_with("; expected whole numbers from 1 to 2147483647 whose product can be counted"));
  for (const std::string offsets :
       {"8", "[8]", "[0,8,8]", "[-8,0]", "[0,8.0]", "[0,\"8\"]", "[0,18446744073709551616]"})
    CHECK(complaint(one(f32, "[2]", offsets), eight).ends_with("; expected two whole numbers, begin and end"));
  CHECK(complaint(one(f32, "[2]", "[0,4]"), eight) ==
        "tensor \"a\" has data_offsets [0,4]; expected 8 bytes for F32 of shape (2)");
  CHECK(complaint(one(f32, "[2]", "[8,0]"), eight) ==
        "tensor \"a\" has data_offsets [8,0]; expected 8 bytes for F32 of shape (2)");
  CHECK(complaint(one(R"("F64")", "[2]", "[0,8]"), eight) ==
        "tensor \"a\" has data_offsets [0,8]; expected 16 bytes for F64 of shape (2)");
}

TEST_CASE("safetensors: holes and overlaps") {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + a +
           R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + b + "}}";
  };
  const std::string eight(8, '\0');
  CHECK(complaint(two("[0,4]", "[4,8]"), eight) == "accepted");
  CHECK(complaint(two("[4,8]", "[0,4]"), eight) == "accepted");
  const std::string rule = ", where the one before it ends (no holes, no overlaps)";
  CHECK(complaint(two("[0,4]", "[8,12]"), eight + eight) == "tensor \"b\" begins at byte 8; expected 4" + rule);
  CHECK(complaint(two("[0,4]", "[2,6]"), eight) == "tensor \"b\" begins at byte 2; expected 4" + rule);
  CHECK(complaint(two("[4,8]", "[8,12]"), eight + eight) == "tensor \"a\" begins at byte 4; expected 0" + rule);
  CHECK(complaint(two("[0,4]", "[0,4]"), eight).ends_with("begins at byte 0; expected 4" + rule));
  CHECK(complaint(two("[0,4]", "[18446744073709551612,18446744073709551616]"), eight) != "accepted");
}

TEST_CASE("safetensors: metadata maps strings to strings") {
  CHECK(read(file_of(R"({"__metadata__":{"a":"b"}})", "")).metadata.at("a") == "b");
  CHECK(complaint(R"({"__metadata__":[]})", "") == "has __metadata__ []; expected an object of strings");
  CHECK(complaint(R"({"__metadata__":{"a":1}})", "") == "has 1 for __metadata__ \"a\"; expected a string");
}

TEST_CASE("safetensors: what cannot be written is refused, and nothing is written") {
  const TemporaryFolder folder;
  const std::string path = folder / "x";
  const Tensor one_number(Shape{1}, Real(1));
  CHECK_THROWS_WITH_AS(write_safetensors(path, {{}, {{"a", one_number}, {"a", one_number}}}),
                       (path + ": tensor \"a\" cannot be written; expected a name of its own").c_str(), Error);
  CHECK_THROWS_WITH_AS(write_safetensors(path, {{}, {{"__metadata__", one_number}}}),
                       (path + ": tensor \"__metadata__\" cannot be written; expected a name of its own").c_str(),
                       Error);
  CHECK_THROWS_WITH_AS(write_safetensors(path, {{}, {{"a", Tensor()}}}),
                       (path + ": tensor \"a\" has no numbers; expected at least one").c_str(), Error);
  CHECK_THROWS_WITH_AS(write_safetensors(path, {{{"a", "\xff"}}, {}}),
                       (path + ": got a name or metadata that is not UTF-8; expected text").c_str(), Error);
  CHECK(folder.files() == 0);
}

TEST_CASE("load_into gives parameters and buffers their values, by name") {
  Parameter weight("0.weight", Tensor({2, 2}, Real(0)));
  Buffer mean("1.running_mean", Tensor({3}, Real(0)));
  const Checkpoint checkpoint{{},
                              {{"1.running_mean", Tensor({3}, {1, 2, 3})},
                               {"1.num_batches_tracked", Tensor(Shape{}, Real(9))},
                               {"0.weight", Tensor({2, 2}, {4, 5, 6, 7})}}};
  load_into(checkpoint, {&weight}, {&mean}, "x");
  CHECK(weight.value().numbers() == std::vector<Real>{4, 5, 6, 7});
  CHECK(mean.value().numbers() == std::vector<Real>{1, 2, 3});
  CHECK(weight.version() == 1);
  CHECK(mean.version() == 1);

  const std::vector<NamedTensor> stored = named_tensors({&weight}, {&mean});
  REQUIRE(stored.size() == 2);
  CHECK(stored[0].name == "0.weight");
  CHECK(stored[1].name == "1.running_mean");
  CHECK(stored[1].value.numbers() == std::vector<Real>{1, 2, 3});
}

TEST_CASE("load_into reports every mismatch at once and changes nothing") {
  Parameter fits("0.weight", Tensor({1}, Real(0))), missing("0.bias", Tensor({2}, Real(0)));
  Parameter turned("1.weight", Tensor({2, 3}, Real(0)));
  Buffer other_shape("1.running_mean", Tensor({3}, Real(0)));
  const Checkpoint checkpoint{{},
                              {{"0.weight", Tensor({1}, Real(5))},
                               {"1.weight", Tensor({3, 2}, Real(5))},
                               {"1.running_mean", Tensor({4}, Real(5))},
                               {"2.weight", Tensor({1}, Real(5))}}};
  CHECK_THROWS_WITH_AS(load_into(checkpoint, {&fits, &missing, &turned}, {&other_shape}, "x"),
                       "x: tensor \"0.bias\" is missing; expected one of shape (2)\n"
                       "x: tensor \"1.weight\" has shape (3, 2); expected (2, 3)\n"
                       "x: tensor \"1.running_mean\" has shape (4); expected (3)\n"
                       "x: tensor \"2.weight\" is not part of the model; expected the weights of this very model",
                       Error);
  CHECK(fits.value().item() == 0);
  CHECK(fits.version() == 0);
}

TEST_CASE("safetensors: files written by another program") {
  const std::filesystem::path golden = "../shared/golden/tiny";
  if (!std::filesystem::is_directory(golden)) {
    MESSAGE("skipped: no folder " << golden);
    return;
  }
  for (const auto& file : std::filesystem::directory_iterator(golden)) {
    CAPTURE(file.path().string());
    const Checkpoint found = read_safetensors(file.path().string());
    CHECK(found.metadata.at("size") == "tiny");
    CHECK(found.tensors.size() > 50);
    CHECK(found.at("initial/generator.0.weight").shape()[1] == 100);
    for (const NamedTensor& tensor : found.tensors) {
      CAPTURE(tensor.name);
      const std::vector<Real> numbers = tensor.value.numbers();
      CHECK(std::all_of(numbers.begin(), numbers.end(), [](Real number) { return std::abs(number) < 100; }));
    }
  }
}
