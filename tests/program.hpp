// The programs of the project, run as a user runs them: as processes of their own. They are looked for in the folder
// $TAPESTRY_PROGRAMS, otherwise in apps.
#pragma once
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/common/configuration.hpp"
#include "apps/common/file.hpp"
#include "tests/temporary_folder.hpp"

namespace tapestry {

using Words = std::vector<std::string>;

// How a process ended, and what it said.
struct Ending {
  int status = 0;  // as waitpid(2) has it
  std::string out, err;

  int code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
  int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
};

// Its standard output and its standard error are pipes, which hold the little that it says until they are read.
class Process {
 public:
  Process(const std::string& program, const Words& words, const std::string& working_directory) {
    const char* folder = std::getenv("TAPESTRY_PROGRAMS");
    const std::string file = std::filesystem::absolute(std::filesystem::path(folder ? folder : "apps") / program);
    REQUIRE_MESSAGE(std::filesystem::exists(file), file, " is missing; build it with make");
    std::vector<char*> arguments{const_cast<char*>(program.c_str())};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    int out[2], err[2];
    REQUIRE(pipe(out) == 0);
    REQUIRE(pipe(err) == 0);
    id_ = fork();
    REQUIRE(id_ >= 0);
    if (id_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      for (const int end : {out[0], out[1], err[0], err[1]}) close(end);
      unsetenv("TAPESTRY_DATA");                // a test says itself where data are
      setenv("OMP_WAIT_POLICY", "passive", 1);  // more threads than cores would wait for each other by spinning
      if (chdir(working_directory.c_str()) == 0) execv(file.c_str(), arguments.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Process() {
    if (running()) {
      kill(id_, SIGKILL);
      waitpid(id_, nullptr, 0);
    }
    close(out_);
    close(err_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool running() { return !ended_ && !(ended_ = waitpid(id_, &ending_.status, WNOHANG) == id_); }
  void send(int signal) const { REQUIRE(kill(id_, signal) == 0); }

  Ending wait() {
    ending_.out = read_all(out_);
    ending_.err = read_all(err_);
    if (!ended_) REQUIRE(waitpid(id_, &ending_.status, 0) == id_);
    ended_ = true;
    return ending_;
  }

 private:
  static std::string read_all(int end) {
    std::string text;
    char part[4096];
    for (ssize_t count; (count = read(end, part, sizeof part)) > 0;) text.append(part, count);
    return text;
  }

  pid_t id_ = -1;
  int out_ = -1, err_ = -1;
  bool ended_ = false;
  Ending ending_;
};

inline Ending run_program(const std::string& program, const Words& words, const TemporaryFolder& folder) {
  return Process(program, words, folder.path()).wait();
}

// All files below a folder: their bytes by their paths.
using Files = std::map<std::string, std::string>;
inline Files files_below(const std::string& folder) {
  Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    files[std::filesystem::relative(entry.path(), folder)] =
        entry.is_directory() ? "a folder" : read_file(entry.path().string());
  return files;
}

inline std::size_t count_lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, "nothing to replace: ", from);
  return text.replace(at, from.size(), to);
}

// What apps/mnist_dcgan can train on.
inline const Trainer mnist_trainer{.sources = {"mnist", "synthetic_digits"}};

// A DCGAN that learns for 12 steps in a tenth of a second: batch norm and dropout in both networks, and six batches in
// an epoch, the last of them short.
inline const std::string small_configuration = R"({
  "data": {"source": "synthetic_digits", "scale": [-1, 1], "count": 210},
  "latent": {"size": 8},
  "generator": [
    {"type": "linear", "features": 784, "bias": false},
    {"type": "batch_norm"},
    {"type": "leaky_relu", "slope": 0.2},
    {"type": "dropout", "rate": 0.1},
    {"type": "reshape", "shape": [16, 7, 7]},
    {"type": "conv_transpose2d", "channels": 8, "kernel": 4, "stride": 2},
    {"type": "batch_norm"},
    {"type": "relu"},
    {"type": "conv_transpose2d", "channels": 1, "kernel": 4, "stride": 2},
    {"type": "tanh"}
  ],
  "discriminator": [
    {"type": "conv2d", "channels": 8, "kernel": 3, "stride": 2},
    {"type": "leaky_relu", "slope": 0.2},
    {"type": "dropout", "rate": 0.3},
    {"type": "conv2d", "channels": 16, "kernel": 3, "stride": 2},
    {"type": "batch_norm"},
    {"type": "leaky_relu", "slope": 0.2},
    {"type": "flatten"},
    {"type": "linear", "features": 1}
  ],
  "loss": "bce_with_logits",
  "optimizers": {"generator": {"type": "adam", "learning_rate": 0.001}},
  "training": {"epochs": 2, "batch": 40, "seed": 5},
  "output": {"samples": {"rows": 2, "columns": 3, "scale": 1}}
}
)";

}  // namespace tapestry
