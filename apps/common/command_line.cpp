#include "apps/common/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>

#include "apps/common/problems.hpp"
#include "apps/common/version.hpp"

namespace tapestry {

// What went to standard output may not have got there: a disk was full, or a reader has gone.
static int unless_output_is_lost(int code) {
  if (code != exit_done || (std::cout.flush() && !std::ferror(stdout))) return code;
  std::cerr << "standard output: cannot be written; expected room on its disk, or a reader at its other end\n";
  return exit_failed;
}

int run_program(const std::function<int()>& body) {
  const auto report = [](const std::exception& error, ExitCode code) {
    std::cout.flush();
    std::cerr << error.what() << '\n';
    return code;
  };
  try {
    return unless_output_is_lost(body());
  } catch (const ConfigurationError& error) {
    return report(error, exit_wrong_configuration);
  } catch (const DataError& error) {
    return report(error, exit_wrong_data);
  } catch (const std::exception& error) {
    return report(error, exit_failed);
  }
}

// The code to end with, if all is said already: after --help, --version or a wrong option.
static std::optional<int> parse(CLI::App& app, int argc, const char* const* argv, std::ostream& out,
                                std::ostream& err) {
  try {
    app.parse(argc, argv);
    return {};
  } catch (const CLI::Success& asked) {  // --help, --version
    return unless_output_is_lost(app.exit(asked, out, err));
  } catch (const CLI::ParseError& error) {
    err << "error: " << error.what() << "; " << app.get_name() << " --help says what there is\n";
    return exit_wrong_configuration;
  }
}

int run_program(CLI::App& app, int argc, const char* const* argv, const std::function<int()>& body) {
  const std::optional<int> code = parse(app, argc, argv, std::cout, std::cerr);
  return code ? *code : run_program(body);
}

const char* const exit_codes =
    "Exit codes: 0 done; 1 failed while running; 2 command line or configuration wrong; 3 data wrong or missing;\n"
    "interrupted with Ctrl-C, it ends by that signal (130 in a shell).";

static CLI::Validator validator(const std::string& expected, std::function<bool(const std::string&)> holds) {
  return {[=](std::string& word) { return holds(word) ? "" : "got " + word + "; expected " + expected; }, ""};
}

CLI::Validator integer_from(std::int64_t low, std::int64_t high) {
  return validator("an integer from " + std::to_string(low) + " to " + std::to_string(high),
                   [=](const std::string& word) {
                     std::int64_t number = 0;
                     const char* const end = word.data() + word.size();
                     const auto [stop, error] = std::from_chars(word.data(), end, number);
                     return error == std::errc() && stop == end && low <= number && number <= high;
                   });
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  return validator("one of " + quoted(words),
                   [=](const std::string& word) { return std::find(words.begin(), words.end(), word) != words.end(); });
}

static void declare(CLI::App& app, CommandLine& line) {
  app.add_option("config", line.config_path, "the configuration, a JSON file")->type_name("CONFIG")->required();
  app.add_option("--set", line.set,
                 "change one value of the configuration: training.batch=32, "
                 "optimizers.generator.learning_rate=1e-4;\nany number of times")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--threads", line.threads, "how many threads compute; 0: as many as the machine has")->type_name("N");
  app.add_option("--seed", line.seed, "the seed of all random numbers")->type_name("N");
  app.add_option("--steps", line.steps, "end after N training steps, whatever the configuration says")->type_name("N");
  app.add_option("--out", line.out, "the run folder; otherwise a fresh one under runs/")->type_name("DIR");
  app.add_flag("--overwrite", line.overwrite, "let --out name a folder that holds a run, and replace that run");
  app.add_flag("--check", line.check, "validate, print what would be done, and stop");
  app.set_version_flag("--version", std::string("tapestry ") + version, "print the version and stop");
  app.set_help_flag("--help,-h", "print this help and stop");
}

CommandLine parse_command_line(int argc, const char* const* argv, const std::string& program,
                               const std::string& description, std::ostream& out, std::ostream& err) {
  CommandLine line;
  CLI::App app(description, program);
  app.footer(exit_codes);
  declare(app, line);
  if (argc < 2) {
    err << "error: no configuration; for example: " << program << " config.json; " << program << " --help says more\n";
    line.exit_code = exit_wrong_configuration;
    return line;
  }
  line.exit_code = parse(app, argc, argv, out, err);
  return line;
}

CommandLine parse_command_line(int argc, const char* const* argv, const std::string& program,
                               const std::string& description) {
  return parse_command_line(argc, argv, program, description, std::cout, std::cerr);
}

}  // namespace tapestry
