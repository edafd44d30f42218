// Golden cases: what another framework computed, in files whose metadata describe how (golden/README.md).
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "apps/common/options.hpp"
#include "apps/common/safetensors.hpp"
#include "layers/pass.hpp"
#include "tests/relative_error.hpp"

namespace tapestry {

constexpr bool in_double = sizeof(Real) == 8;
// Of the largest value of a result.
constexpr double default_tolerance = in_double ? 1e-12 : 1e-5, plain_tolerance = in_double ? 1e-12 : 2e-6;
constexpr std::uint64_t dropout_key = 7;  // the one for which make_layers.py works out the masks

struct GoldenFile {
  std::string name;
  Checkpoint numbers;
  Json cases;

  explicit GoldenFile(const std::string& name)
      : name(name),
        numbers(read_safetensors("tests/golden/" + name + ".safetensors")),
        cases(Json::parse(numbers.metadata.at("cases"))) {}
};

// One case of a file: its description and its tensors, CASE/WHAT.
struct Golden {
  const GoldenFile& file;
  const Json& json;
  std::string name = json.at("name");

  const Tensor& at(const std::string& what) const { return file.numbers.at(name + "/" + what); }
  bool has(const std::string& what) const {
    const auto& all = file.numbers.tensors;
    return std::any_of(all.begin(), all.end(), [&](const NamedTensor& t) { return t.name == name + "/" + what; });
  }
  // The tensors below WHAT, by the names of the parameters and buffers that they belong to.
  Checkpoint part(const std::string& what) const {
    const std::string prefix = name + "/" + what + "/";
    Checkpoint part;
    for (const auto& [tensor, value] : file.numbers.tensors)
      if (tensor.starts_with(prefix)) part.tensors.push_back({tensor.substr(prefix.size()), value});
    return part;
  }
  void check(const std::string& what, const Tensor& got, double tolerance = default_tolerance) const {
    const Tensor& expected = at(what);
    CAPTURE(what);
    REQUIRE(got.shape() == expected.shape());
    CHECK(relative_error(got, {expected.data(), expected.data() + expected.size()}) < tolerance);
  }
};

// f(case) for every case of a file that has the key; there must be at least `least` of them.
template <class F>
void each_case(const GoldenFile& file, const std::string& key, std::size_t least, F f) {
  std::size_t count = 0;
  for (const Json& json : file.cases) {
    if (!json.contains(key)) continue;
    ++count;
    const Golden golden{file, json};
    CAPTURE(file.name);
    CAPTURE(golden.name);
    f(golden);
  }
  CHECK(count >= least);
}

// f(options) for the description of a case as if it were a whole configuration; ConfigurationError for what is wrong.
template <class F>
void read_description(const Golden& golden, Problems& problems, F f) {
  const JsonSource source(golden.name, golden.json.dump());
  Json resolved;
  Options root({source, problems, resolved});
  f(root);
  root.ignore_the_rest();  // name and mode
}

inline Pass pass_of(const Golden& golden, Tape& tape) {
  Pass pass = Pass::training(Random(dropout_key), tape);
  if (golden.json.at("mode") == "evaluation") pass.mode = Mode::evaluation;
  return pass;
}

inline void check_gradients(const Golden& golden, const Gradients& gradients) {
  CHECK(gradients.size() == golden.part("gradient").tensors.size());
  for (const auto& [parameter, gradient] : gradients) golden.check("gradient/" + parameter->name(), gradient);
}

}  // namespace tapestry
