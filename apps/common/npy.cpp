#include "apps/common/npy.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "apps/common/file.hpp"
#include "autograd/error.hpp"

namespace tapestry {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::size_t longest_header = 10'000;  // as in NumPy
constexpr std::size_t alignment = 64;           // of the numbers in the file

// Where number i of a file in Fortran order, whose first axis is the fastest, stands in row-major order.
Index from_fortran_order(Index i, const Shape& shape) {
  Index place = 0;
  for (const int length : shape) {
    place = place * length + i % length;
    i /= length;
  }
  return place;
}

template <class Number>
Tensor decode(const char* bytes, const Shape& shape, bool fortran_order) {
  Tensor tensor = Tensor::uninitialized(shape);
  Real* numbers = tensor.writable();
  for (Index i = 0; i < shape.size(); ++i) {
    Number number;  // copied, because a file may put it at any address
    std::memcpy(&number, bytes + i * static_cast<Index>(sizeof number), sizeof number);
    numbers[fortran_order ? from_fortran_order(i, shape) : i] = static_cast<Real>(number);
  }
  return tensor;
}

struct NumberType {
  std::string_view name;
  std::size_t bytes;
  Tensor (*decode)(const char* bytes, const Shape& shape, bool fortran_order);
};
constexpr std::array<NumberType, 5> number_types = {{{"<f4", 4, decode<float>},
                                                     {"<f8", 8, decode<double>},
                                                     {"|u1", 1, decode<std::uint8_t>},
                                                     {"<i4", 4, decode<std::int32_t>},
                                                     {"<i8", 8, decode<std::int64_t>}}};

const NumberType& find_type(std::string_view name, const std::string& path) {
  for (const NumberType& known : number_types)
    if (name == known.name) return known;
  const char* const what = name.starts_with('>')                      ? "big-endian numbers"
                           : name.find('O') != std::string_view::npos ? "Python objects"
                                                                      : "numbers";
  fail(path, ": has ", what, " of type '", name, "'; expected '<f4', '<f8', '|u1', '<i4' or '<i8'; save ",
       "array.astype('<f4')");
}

// Reads the header as the Python dictionary that it is, one piece after another; a piece that does not fit is an error.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

  void read() {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !type)
        type = &read_type();
      else if (key == "fortran_order" && !fortran_order)
        fortran_order = read_truth();
      else if (key == "shape" && !shape)
        shape = read_shape();
      else
        malformed();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (!rest_.empty() || !type || !fortran_order || !shape) malformed();
  }

  const NumberType* type = nullptr;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;

 private:
  [[noreturn]] void malformed() const {
    fail(path_, ": has a broken header; expected {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}");
  }
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size())); }
  bool accept(std::string_view piece) {
    skip_spaces();
    if (!rest_.starts_with(piece)) return false;
    rest_.remove_prefix(piece.size());
    return true;
  }
  bool accept(char piece) { return accept(std::string_view(&piece, 1)); }
  void expect(char piece) {
    if (!accept(piece)) malformed();
  }
  std::string_view quoted() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = rest_.find(quote);
    if (end == std::string_view::npos) malformed();
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  const NumberType& read_type() {
    if (accept('[')) fail(path_, ": has records of several fields; expected plain numbers; save one field by itself");
    return find_type(quoted(), path_);
  }
  bool read_truth() {
    if (accept("True")) return true;
    if (!accept("False")) malformed();
    return false;
  }
  Shape read_shape() {
    Shape lengths;
    Index size = 1;
    expect('(');
    while (!accept(')')) {
      skip_spaces();
      std::int64_t length = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), length);
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      const bool huge = error == std::errc::result_out_of_range;
      if (!huge && length < 0) malformed();
      if (length == 0) fail(path_, ": has an axis of length 0, and so no numbers; expected at least one");
      if (lengths.rank() == Shape::max_rank)
        fail(path_, ": has more than ", Shape::max_rank, " axes; expected at most that many; reshape it");
      if (huge || length > std::numeric_limits<int>::max() || __builtin_mul_overflow(size, length, &size) ||
          size > std::numeric_limits<Index>::max() / 8)
        fail(path_, ": has a shape with more numbers than can be counted; expected fewer");
      lengths.append(length);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return lengths;
  }

  std::string_view rest_;
  const std::string& path_;
};

}  // namespace

Tensor read_npy(const std::string& path) {
  const std::string bytes = read_file(path);
  const std::string_view all(bytes);
  if (!all.starts_with(magic)) fail(path, ": does not begin with \\x93NUMPY; expected an .npy file");
  const auto byte = [&](std::size_t place) -> std::size_t { return static_cast<unsigned char>(all[place]); };
  const std::size_t version = all.size() > 7 ? byte(6) : 0, length_bytes = version == 1 ? 2 : 4;
  if (version < 1 || version > 3 || byte(7) != 0) fail(path, ": has no known version; expected 1.0, 2.0 or 3.0");
  const std::size_t begin = magic.size() + 2 + length_bytes;
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes && all.size() >= begin; ++i) length |= byte(magic.size() + 2 + i) << 8 * i;
  if (length > longest_header)
    fail(path, ": has a header of ", length, " bytes; expected at most ", longest_header, "; is it damaged?");
  if (all.size() < begin + length) fail(path, ": ends within its header; expected the whole file; copy it again");

  HeaderReader header(all.substr(begin, length), path);
  header.read();
  const std::string_view data = all.substr(begin + length);
  const std::size_t expected = static_cast<std::size_t>(header.shape->size()) * header.type->bytes;
  if (data.size() != expected)
    fail(path, ": has ", data.size(), " bytes of numbers; expected ", expected, " for shape ", *header.shape,
         " of type '", header.type->name, "'; copy it again");
  return header.type->decode(data.data(), *header.shape, *header.fortran_order);
}

void write_npy(const std::string& path, const Tensor& tensor) {
  if (tensor.empty()) fail(path, ": got a tensor without numbers to write; expected at least one");
  std::string shape;
  for (const int length : tensor.shape()) shape += std::to_string(length) + ", ";
  if (tensor.shape().rank() > 1) shape.resize(shape.size() - 2);  // one axis: (3, ) since (3) is a number
  const std::string type = "<f" + std::to_string(sizeof(Real));
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const std::size_t before = magic.size() + 2 + 2;
  while ((before + header.size() + 1) % alignment != 0) header += ' ';
  header += '\n';

  std::string bytes(magic);
  bytes += {'\1', '\0', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(tensor.data()), static_cast<std::size_t>(tensor.size()) * sizeof(Real));
  write_file(path, bytes);
}

}  // namespace tapestry
