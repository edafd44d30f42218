// make install, and a user's program against what it installed: compiled as the user would, far from this folder.
#include <cstdlib>

#include "apps/common/npy.hpp"
#include "tests/program.hpp"

using namespace tapestry;
namespace fs = std::filesystem;

namespace {

const bool in_double = sizeof(Real) == 8;

// Runs a shell command, which must succeed; what it said.
std::string shell(const std::string& command) {
  const TemporaryFolder folder;
  const int status = std::system(("(" + command + ") >" + folder / "out" + " 2>&1").c_str());
  const std::string out = read_file(folder / "out");
  INFO(command, "\n", out);
  REQUIRE(status == 0);
  return out;
}

// In this variant, and without the outer make's say in how many jobs there are.
void make(const std::string& words) {
  shell("env -u MAKEFLAGS -u MAKELEVEL make REAL=" + std::string(in_double ? "double " : "float ") + words);
}

// An example, copied to the installation and built there as a user would: prefix/example/program.
void compile_example(const std::string& prefix, const std::string& example, const std::string& program) {
  REQUIRE_MESSAGE(std::system("command -v pkg-config >/dev/null") == 0, "pkg-config is missing; make deps installs it");
  fs::copy("apps/examples/" + example, prefix + "/example");
  shell("cd " + prefix + "/example && PKG_CONFIG_PATH=" + prefix +
        "/lib/pkgconfig && export PKG_CONFIG_PATH && ${CXX:-g++} " + "-std=c++20 -O1 -Wall -Wextra -Werror " + program +
        ".cpp $(pkg-config --cflags --libs tapestry) -o " + program);
}

}  // namespace

TEST_CASE("make install and make uninstall: every header stands alone, and DESTDIR stands in front of PREFIX") {
  const TemporaryFolder folder;
  make("install PREFIX=/some/where DESTDIR=" + folder.path());
  const std::string prefix = folder / "some/where";
  CHECK(read_file(prefix + "/lib/pkgconfig/tapestry.pc").starts_with("prefix=/some/where\n"));
  CHECK(fs::exists(prefix + "/share/tapestry/configs/mnist_keras.json"));
  CHECK(fs::exists(prefix + "/bin/mnist_dcgan"));
  CHECK_FALSE(fs::exists(prefix + "/include/tapestry/autograd/kernels"));
  std::string includes;
  std::size_t headers = 0;
  for (const auto& entry : fs::recursive_directory_iterator(prefix + "/include/tapestry"))
    if (entry.is_regular_file()) {
      includes += "#include \"" + fs::relative(entry.path(), prefix + "/include/tapestry").string() + "\"\n";
      ++headers;
    }
  CHECK(headers > 40);
  if (!in_double) {
    write_file(folder / "all.cpp", includes);
    shell("${CXX:-g++} -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I" + prefix + "/include/tapestry " +
          folder / "all.cpp");
  }
  make("uninstall PREFIX=/some/where DESTDIR=" + folder.path());
  for (const auto& entry : fs::recursive_directory_iterator(prefix)) CHECK_MESSAGE(entry.is_directory(), entry.path());
}

TEST_CASE("a user's own training loop, against an installation") {
  if (in_double) return;  // the other test is slow enough
  const TemporaryFolder prefix;
  make("install PREFIX=" + prefix.path());
  compile_example(prefix.path(), "own_loop", "own_loop");
  const Ending learned = run_program(prefix / "example/own_loop", {}, prefix);
  CHECK(learned.code() == 0);
  CHECK(learned.out.starts_with("step 0  loss 0.0"));
  CHECK(learned.out.find("\nstep 399  loss 0.000") != std::string::npos);
  const Tensor product = read_npy(prefix / "product.npy");
  CHECK(product.shape() == Shape{33, 33});
  double off = 0;
  for (Index i = 0; i < 33; ++i)
    for (Index j = 0; j < 33; ++j) off = std::max(off, std::abs(product[33 * i + j] - (i / 16.0 - 1) * (j / 16.0 - 1)));
  CHECK(off < 0.2);
}

TEST_CASE("a user's own operation, layer, loss and data set, against an installation") {
  const TemporaryFolder prefix;
  make("install PREFIX=" + prefix.path());
  if (in_double) {
    compile_example(prefix.path(), "own_parts", "check_softsign");
    const Ending checked = run_program(prefix / "example/check_softsign", {}, prefix);
    CHECK(checked.code() == 0);
    CHECK(checked.out.starts_with("softsign"));
    return;
  }
  compile_example(prefix.path(), "own_parts", "own_parts");
  const std::string program = prefix / "example/own_parts";
  const Words words{"example/own_parts.json", "--steps", "30", "--out", "run"};
  const Ending trained = run_program(program, words, prefix);
  INFO(trained.err);
  CHECK(trained.code() == 0);
  CHECK(trained.out.starts_with("data           stripes: 640 pictures of 1 x 12 x 12, scaled to [-1, 1]\n"));
  CHECK(trained.out.find("   1  softsign          64                           1\n") != std::string::npos);
  CHECK(trained.out.ends_with("finished after step 30; the results are in run\n"));
  CHECK(count_lines(read_file(prefix / "run/metrics.csv")) == 31);
  CHECK(read_file(prefix / "run/generator.safetensors").find("\"4.gain\"") != std::string::npos);
  const Json resolved = Json::parse(read_file(prefix / "run/config.json"));
  CHECK(resolved["generator"][1].dump() == R"({"type":"softsign","gain":1})");
  CHECK(resolved["loss"].dump() == R"({"type":"cauchy","width":2})");
  CHECK(resolved["data"]["pictures"] == 640);

  const Ending wrong = run_program(program, {"example/own_parts.json", "--set", "data.picturs=7"}, prefix);
  CHECK(wrong.err == "--set data.picturs=7: /data/picturs is not a known key; did you mean \"pictures\"?\n");
}
