// The frame of every program: its command line, what it says of an error, and the code with which it ends.
#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace tapestry {

enum ExitCode {
  exit_done = 0,
  exit_failed = 1,               // while running
  exit_wrong_configuration = 2,  // or command line
  exit_wrong_data = 3,           // or missing
};                               // an interrupted program ends by the signal, which a shell shows as 128 + its number

// Returns what `body` returns, or the code of what it throws, which is said on standard error: of a ConfigurationError,
// a DataError, or any other exception.
int run_program(const std::function<int()>& body);
// The same, after reading the command line.
int run_program(CLI::App& app, int argc, const char* const* argv, const std::function<int()>& body);

// For the end of a program's --help.
extern const char* const exit_codes;

// What an option's value may be; anything else is refused in the words in which a configuration's is.
CLI::Validator integer_from(std::int64_t low, std::int64_t high);
CLI::Validator one_of(const std::vector<std::string>& words);

// The command line that all trainers share.
struct CommandLine {
  std::string config_path;
  std::vector<std::string> set;                     // training.epochs=2, in their order
  std::optional<std::string> threads, seed, steps;  // as typed: they are checked where the configuration is read
  std::optional<std::string> out;                   // the run folder; relative to the working directory
  bool overwrite = false;                           // may `out` hold a run already?
  bool check = false;                               // validate, print the tables, stop

  std::optional<int> exit_code;  // all is said already (--help, --version, a wrong option): end with this
};

// Writes help to `out`, and what is wrong to `err`, one line each.
CommandLine parse_command_line(int argc, const char* const* argv, const std::string& program,
                               const std::string& description, std::ostream& out, std::ostream& err);
CommandLine parse_command_line(int argc, const char* const* argv, const std::string& program,
                               const std::string& description);  // to std::cout and std::cerr

}  // namespace tapestry
