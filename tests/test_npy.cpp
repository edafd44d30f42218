// .npy files: what was written comes back, what NumPy writes is read, and nothing malformed gets in.
#include <cstdint>

#include "apps/common/file.hpp"
#include "apps/common/npy.hpp"
#include "tests/layer_helpers.hpp"
#include "tests/temporary_folder.hpp"

using namespace tapestry;

namespace {

template <class Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

std::string file_of(const std::string& header, const std::string& data, char version = 1) {
  const auto length = static_cast<std::uint32_t>(header.size());
  return std::string("\x93NUMPY") + version + '\0' + bytes_of<std::uint32_t>({length}).substr(0, version == 1 ? 2 : 4) +
         header + data;
}
std::string header_of(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }    \n";
}

Tensor read(const std::string& bytes) {
  const TemporaryFolder folder;
  write_file(folder / "x.npy", bytes);
  return read_npy(folder / "x.npy");
}
// What reading these bytes complains about, without the folder in front.
std::string complaint(const std::string& bytes) {
  const std::string text = error_of([&] { read(bytes); });
  return text.substr(std::min(text.find("x.npy: "), text.size()));
}

}  // namespace

TEST_CASE("npy: what was written comes back, to the last bit") {
  const TemporaryFolder folder;
  const std::vector<Shape> shapes{{}, {1}, {7}, {2, 3}, {1, 1, 5}, {2, 3, 4, 5, 1, 2}};
  for (const Shape& shape : shapes) {
    CAPTURE(shape);
    const Tensor written = Random(1).normal(shape);
    write_npy(folder / "x.npy", written);
    const Tensor again = read_npy(folder / "x.npy");
    CHECK(again.shape() == shape);
    CHECK(again.numbers() == written.numbers());
  }
  CHECK(folder.files() == 1);
  CHECK(error_of([&] {
          write_npy(folder / "y.npy", Tensor());
        }).ends_with("/y.npy: got a tensor without numbers to write; expected at least one"));
}

TEST_CASE("npy: the bytes are those that NumPy writes") {
  const TemporaryFolder folder;
  write_npy(folder / "x.npy", Tensor({2, 3}, {1, 2, 3, 4, 5, 6}));
  const std::string type = sizeof(Real) == 8 ? "<f8" : "<f4";
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (2, 3), }";
  header.resize(117, ' ');
  CHECK(read_file(folder / "x.npy") == file_of(header + "\n", bytes_of<Real>({1, 2, 3, 4, 5, 6})));
  write_npy(folder / "x.npy", Tensor({3}, 1));
  CHECK(read_file(folder / "x.npy").find("'shape': (3,") != std::string::npos);
  write_npy(folder / "x.npy", Tensor({}, 1));
  CHECK(read_file(folder / "x.npy").find("'shape': (), }") != std::string::npos);
}

TEST_CASE("npy: types, orders and versions") {
  const std::vector<Real> expected{1, 2, 3, 4, 5, 6};
  CHECK(read(file_of(header_of("<f4", "(6,)"), bytes_of<float>({1, 2, 3, 4, 5, 6}))).numbers() == expected);
  CHECK(read(file_of(header_of("<f8", "(6,)"), bytes_of<double>({1, 2, 3, 4, 5, 6}))).numbers() == expected);
  CHECK(read(file_of(header_of("|u1", "(6,)"), bytes_of<std::uint8_t>({1, 2, 3, 4, 5, 6}))).numbers() == expected);
  CHECK(read(file_of(header_of("<i4", "(6,)"), bytes_of<std::int32_t>({1, 2, 3, 4, 5, 6}))).numbers() == expected);
  CHECK(read(file_of(header_of("<i8", "(6,)"), bytes_of<std::int64_t>({1, 2, 3, 4, 5, 6}))).numbers() == expected);
  CHECK(read(file_of(header_of("|u1", "(1,)"), "\xff")).item() == 255);
  CHECK(read(file_of(header_of("<i4", "()"), bytes_of<std::int32_t>({-7}))).item() == -7);
  for (const char version : {1, 2, 3}) {
    const Tensor rows = read(file_of(header_of("<f4", "(2, 3)"), bytes_of<float>({1, 2, 3, 4, 5, 6}), version));
    CHECK(rows.shape() == Shape{2, 3});
    CHECK(rows.numbers() == expected);
  }
  const Tensor columns = read(file_of(header_of("<f4", "(2, 3)", "True"), bytes_of<float>({1, 4, 2, 5, 3, 6})));
  CHECK(columns.shape() == Shape{2, 3});
  CHECK(columns.numbers() == expected);
  std::vector<float> fortran(2 * 3 * 4);
  for (int a = 0; a < 2; ++a)
    for (int b = 0; b < 3; ++b)
      for (int c = 0; c < 4; ++c) fortran[a + 2 * (b + 3 * c)] = static_cast<float>(100 * a + 10 * b + c);
  const Tensor three = read(file_of(header_of("<f4", "(2, 3, 4)", "True"), bytes_of(fortran)));
  CHECK(three[(1 * 3 + 2) * 4 + 3] == 123);
  CHECK(three[(1 * 3 + 0) * 4 + 2] == 102);
  // Keys in any order, any quotes, no comma at the end.
  CHECK(read(file_of("{ \"shape\":(2,),'fortran_order' : False,\t'descr': \"<f4\"}", bytes_of<float>({8, 9})))[1] == 9);
}

TEST_CASE("npy: what is refused") {
  CHECK(complaint("") == "x.npy: does not begin with \\x93NUMPY; expected an .npy file");
  CHECK(complaint("\x93NUMPZ") == "x.npy: does not begin with \\x93NUMPY; expected an .npy file");
  const std::string versions = "x.npy: has no known version; expected 1.0, 2.0 or 3.0";
  CHECK(complaint("\x93NUMPY") == versions);
  CHECK(complaint("\x93NUMPY\1") == versions);
  CHECK(complaint(file_of("{}", "", 4)) == versions);
  CHECK(complaint(file_of(header_of("<f4", "(1,)"), "1234").replace(7, 1, "\1")) == versions);
  const std::string cut = "x.npy: ends within its header; expected the whole file; copy it again";
  const std::string good = file_of(header_of("<f4", "(2,)"), bytes_of<float>({1, 2}));
  CHECK(read(good)[1] == 2);
  const std::size_t header_end = good.size() - 8;
  for (std::size_t length = 8; length < header_end; ++length) CHECK(complaint(good.substr(0, length)) == cut);
  for (std::size_t length = header_end; length < good.size(); ++length)
    CHECK(complaint(good.substr(0, length)) == "x.npy: has " + std::to_string(length - header_end) +
                                                   " bytes of numbers; expected 8 for shape (2) of type '<f4'; copy it "
                                                   "again");
  CHECK(complaint(good + "\n") ==
        "x.npy: has 9 bytes of numbers; expected 8 for shape (2) of type '<f4'; copy it again");
  CHECK(complaint(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)) ==
        "x.npy: has a header of 4294967295 bytes; expected at most 10000; is it damaged?");
  CHECK(complaint(std::string("\x93NUMPY\1\0\x11\x27", 10) + std::string(10'001, ' ')) ==
        "x.npy: has a header of 10001 bytes; expected at most 10000; is it damaged?");

  const auto of_type = [](const char* type) { return complaint(file_of(header_of(type, "(1,)"), "12345678")); };
  const std::string allowed = "'; expected '<f4', '<f8', '|u1', '<i4' or '<i8'; save array.astype('<f4')";
  CHECK(of_type(">f4") == "x.npy: has big-endian numbers of type '>f4" + allowed);
  CHECK(of_type("|O") == "x.npy: has Python objects of type '|O" + allowed);
  CHECK(of_type("<c8") == "x.npy: has numbers of type '<c8" + allowed);
  CHECK(of_type("<f2") == "x.npy: has numbers of type '<f2" + allowed);
  CHECK(complaint(
            file_of("{'descr': [('x', '<f4'), ('y', '<f4')], 'fortran_order': False, 'shape': (1,), }", "12345678")) ==
        "x.npy: has records of several fields; expected plain numbers; save one field by itself");

  const auto of_shape = [](const std::string& shape) { return complaint(file_of(header_of("|u1", shape), "1")); };
  CHECK(of_shape("(0,)") == "x.npy: has an axis of length 0, and so no numbers; expected at least one");
  CHECK(of_shape("(3, 0, 2)") == "x.npy: has an axis of length 0, and so no numbers; expected at least one");
  CHECK(of_shape("(1, 1, 1, 1, 1, 1, 1)") == "x.npy: has more than 6 axes; expected at most that many; reshape it");
  for (const char* shape : {"(2147483648,)", "(99999999999999999999,)", "(2147483647, 2147483647, 2147483647)",
                            "(2147483647, 2147483647)", "(65536, 65536, 65536, 65536)"})
    CHECK(of_shape(shape) == "x.npy: has a shape with more numbers than can be counted; expected fewer");

  const std::string broken =
      "x.npy: has a broken header; expected {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}";
  for (const char* header :
       {"", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': 7, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}"}) {
    CAPTURE(header);
    CHECK(complaint(file_of(header, "1234")) == broken);
  }
}
