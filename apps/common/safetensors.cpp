#include "apps/common/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "apps/common/file.hpp"
#include "autograd/error.hpp"

namespace tapestry {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

template <class Number>
Tensor decode(const char* bytes, const Shape& shape) {
  Tensor tensor = Tensor::uninitialized(shape);
  Real* numbers = tensor.writable();
  for (Index i = 0; i < shape.size(); ++i) {
    Number number;  // copied, because a file may put it at any address
    std::memcpy(&number, bytes + i * static_cast<Index>(sizeof number), sizeof number);
    numbers[i] = static_cast<Real>(number);
  }
  return tensor;
}

struct NumberType {
  std::string_view name;
  std::size_t bytes;
  Tensor (*decode)(const char* bytes, const Shape& shape);
};
constexpr std::array<NumberType, 3> number_types = {
    {{"F32", 4, decode<float>}, {"F64", 8, decode<double>}, {"I64", 8, decode<std::int64_t>}}};

constexpr std::string_view metadata_key = "__metadata__";
constexpr std::size_t longest_header = 100'000'000;  // as in the format's own reader
constexpr int deepest_header = 2;                    // file, tensor, shape: levels of brackets, from 0

struct Entry {
  std::string name;
  const NumberType* type;
  Shape shape;
  std::uint64_t begin, end;
};

// JSON as the format wants it: the parser alone would stop at a NUL, keep the last of two equal keys, and nest without
// end.
json parse_json(const std::string& text, const std::string& path) {
  if (text.empty() || text[0] != '{')
    fail(path, ": has a header that does not begin with {; expected a safetensors file");
  if (text.find('\0') != std::string::npos) fail(path, ": has a NUL byte in its header; expected JSON");
  std::vector<std::set<std::string>> keys;  // of each object that is open
  const auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    using Event = json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth > deepest_header)
      fail(path, ": has a header nested more than ", deepest_header + 1, " levels deep; expected a list of tensors");
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail(path, ": has ", parsed, " twice in its header; expected every key once");
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& error) {
    fail(path, ": has a header that is not JSON (", error.what(), "); expected a safetensors file");
  }
}

// "path: tensor "0.weight"", to begin an error.
std::string tensor_in(const std::string& path, const std::string& name) { return path + ": tensor \"" + name + "\""; }

const NumberType& parse_type(const json& type, const std::string& who) {
  for (const NumberType& known : number_types)
    if (type == known.name) return known;
  fail(who, " has dtype ", type, "; expected F32, F64 or I64; convert it");
}

Shape parse_shape(const json& lengths, const std::string& who) {
  if (!lengths.is_array() || lengths.size() > Shape::max_rank)
    fail(who, " has shape ", lengths, "; expected at most ", Shape::max_rank, " axes");
  Shape shape;
  Index size = 1;
  for (const json& length : lengths) {
    if (!length.is_number_unsigned() || length == 0u || length > std::numeric_limits<int>::max() ||
        __builtin_mul_overflow(size, length.get<Index>(), &size) || size > std::numeric_limits<Index>::max() / 8)
      fail(who, " has shape ", lengths, "; expected whole numbers from 1 to ", std::numeric_limits<int>::max(),
           " whose product can be counted");
    shape.append(length.get<Index>());
  }
  return shape;
}

Entry parse_entry(const std::string& name, const json& value, const std::string& path) {
  const std::string who = tensor_in(path, name);
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets"))
    fail(who, " is described by ", value.dump(), "; expected dtype, shape and data_offsets, and nothing else");
  const json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    fail(who, " has data_offsets ", offsets, "; expected two whole numbers, begin and end");
  const NumberType& type = parse_type(value["dtype"], who);
  const Entry entry{name, &type, parse_shape(value["shape"], who), offsets[0].get<std::uint64_t>(),
                    offsets[1].get<std::uint64_t>()};
  const std::uint64_t bytes = static_cast<std::uint64_t>(entry.shape.size()) * type.bytes;
  if (entry.end < entry.begin || entry.end - entry.begin != bytes)
    fail(who, " has data_offsets ", offsets, "; expected ", bytes, " bytes for ", type.name, " of shape ", entry.shape);
  return entry;
}

// Numbers lie one after another and fill the file: `bytes` of them come after the header.
void check_layout(const std::vector<Entry>& entries, std::uint64_t bytes, const std::string& path) {
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != end)
      fail(tensor_in(path, entry.name), " begins at byte ", entry.begin, "; expected ", end,
           ", where the one before it ends (no holes, no overlaps)");
    end = entry.end;
  }
  if (end != bytes)
    fail(path, ": has ", bytes, " bytes of numbers; expected ", end, ", as its header says; get a whole copy of it");
}

std::map<std::string, std::string> parse_metadata(const json& metadata, const std::string& path) {
  if (!metadata.is_object())
    fail(path, ": has ", metadata_key, " ", metadata.dump(), "; expected an object of strings");
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : metadata.items()) {
    if (!value.is_string())
      fail(path, ": has ", value.dump(), " for ", metadata_key, " \"", key, "\"; expected a string");
    texts[key] = value.get<std::string>();
  }
  return texts;
}

std::string header_text(const std::string& path, const Checkpoint& checkpoint) {
  nlohmann::ordered_json header;
  if (!checkpoint.metadata.empty()) header[std::string(metadata_key)] = checkpoint.metadata;
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (name == metadata_key || header.contains(name))
      fail(tensor_in(path, name), " cannot be written; expected a name of its own");
    if (tensor.empty()) fail(tensor_in(path, name), " has no numbers; expected at least one");
    const std::uint64_t begin = end;
    end += static_cast<std::uint64_t>(tensor.size()) * sizeof(Real);
    header[name] = {{"dtype", sizeof(Real) == 4 ? "F32" : "F64"},
                    {"shape", std::vector<int>(tensor.shape().begin(), tensor.shape().end())},
                    {"data_offsets", {begin, end}}};
  }
  try {
    std::string text = header.is_null() ? "{}" : header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const json::exception&) {
    fail(path, ": got a name or metadata that is not UTF-8; expected text");
  }
}

}  // namespace

const Tensor& Checkpoint::at(const std::string& name) const {
  for (const NamedTensor& tensor : tensors)
    if (tensor.name == name) return tensor.value;
  std::string known;
  for (const NamedTensor& tensor : tensors) known += (known.empty() ? "" : ", ") + tensor.name;
  fail("Checkpoint: has no tensor ", name, "; expected one of: ", known);
}

Checkpoint read_safetensors(const std::string& path) {
  const std::string bytes = read_file(path);
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length)
    fail(path, ": has ", bytes.size(), " bytes; expected a safetensors file, 10 or more");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - sizeof length || length > longest_header)
    fail(path, ": announces a header of ", length, " bytes; expected at most ",
         std::min(bytes.size() - sizeof length, longest_header), "; not a safetensors file, or a part of one");
  const std::size_t data = sizeof length + length;

  Checkpoint checkpoint;
  std::vector<Entry> entries;
  const json header = parse_json(bytes.substr(sizeof length, length), path);
  for (const auto& [name, value] : header.items())
    if (name == metadata_key)
      checkpoint.metadata = parse_metadata(value, path);
    else
      entries.push_back(parse_entry(name, value, path));
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  check_layout(entries, bytes.size() - data, path);
  for (const Entry& entry : entries)
    checkpoint.tensors.push_back({entry.name, entry.type->decode(bytes.data() + data + entry.begin, entry.shape)});
  return checkpoint;
}

void write_safetensors(const std::string& path, const Checkpoint& checkpoint) {
  const std::string header = header_text(path, checkpoint);
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += header;
  for (const NamedTensor& tensor : checkpoint.tensors)
    bytes.append(reinterpret_cast<const char*>(tensor.value.data()),
                 static_cast<std::size_t>(tensor.value.size()) * sizeof(Real));
  write_file(path, bytes);
}

std::vector<NamedTensor> named_tensors(const Parameters& parameters, const Buffers& buffers) {
  std::vector<NamedTensor> tensors;
  for (const Parameter* parameter : parameters) tensors.push_back({parameter->name(), parameter->value()});
  for (const Buffer* buffer : buffers) tensors.push_back({buffer->name(), buffer->value()});
  return tensors;
}

void load_into(const Checkpoint& checkpoint, const Parameters& parameters, const Buffers& buffers,
               const std::string& path) {
  std::vector<Stored*> wanted(parameters.begin(), parameters.end());
  wanted.insert(wanted.end(), buffers.begin(), buffers.end());
  std::map<std::string, const Tensor*> found;
  for (const NamedTensor& tensor : checkpoint.tensors) found[tensor.name] = &tensor.value;

  std::string errors;
  std::vector<std::pair<Stored*, const Tensor*>> pairs;
  const auto mismatch = [&](const std::string& name, const std::string& what) {
    errors += (errors.empty() ? "" : "\n") + tensor_in(path, name) + what;
  };
  for (Stored* stored : wanted) {
    const auto place = found.find(stored->name());
    if (place == found.end()) {
      mismatch(stored->name(), " is missing; expected one of shape " + stored->shape().text());
      continue;
    }
    if (place->second->shape() != stored->shape())
      mismatch(stored->name(), " has shape " + place->second->shape().text() + "; expected " + stored->shape().text());
    pairs.emplace_back(stored, place->second);
    found.erase(place);
  }
  for (const auto& [name, tensor] : found)
    if (!name.ends_with("num_batches_tracked"))
      mismatch(name, " is not part of the model; expected the weights of this very model");
  if (!errors.empty()) fail(errors);
  for (const auto& [stored, tensor] : pairs) stored->assign(*tensor);
}

}  // namespace tapestry
