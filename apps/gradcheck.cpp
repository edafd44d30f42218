// Gradient check of every operation, loss and layer, as a table: derivatives by the tape beside derivatives by
// differences of values, in double precision.
//
//   ./apps/gradcheck                  all of them, each up to its own order
//   ./apps/gradcheck conv2d --order 1 those with conv2d in their name, first derivatives only
//   ./apps/gradcheck norm --jacobian  every output by every entry of every argument
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "apps/common/command_line.hpp"
#include "apps/common/gradient_table.hpp"
#include "apps/common/problems.hpp"
#include "autograd/gradient_check.hpp"

using namespace tapestry;

namespace {

constexpr const char* line_form = "%-50s %5d %9td %12.1e  %s\n";

struct Totals {
  Index compared = 0, wrong = 0;
  Real largest_difference = 0;
};

void check_and_print(const GradientCase& c, int order, bool jacobian, Totals& totals) {
  const GradientCheck check =
      check_grads(c.f, c.x, order, {.function = c.name, .jacobian = jacobian, .zero_from_order = c.zero_from_order});
  std::printf(line_form, c.name.c_str(), order, check.compared, check.largest_difference, check.ok() ? "ok" : "WRONG");
  for (const std::string& problem : check.problems) std::printf("    %s\n", problem.c_str());
  totals.compared += check.compared;
  totals.wrong += !check.ok();
  totals.largest_difference = std::max(totals.largest_difference, check.largest_difference);
}

int check_all(const std::string& name, int order, bool jacobian) {
  GradientCases cases = gradient_table();
  std::erase_if(cases, [&](const GradientCase& c) { return c.name.find(name) == std::string::npos; });
  if (cases.empty())
    throw ConfigurationError("error: nothing has \"" + name +
                             "\" in its name; gradcheck without a name shows all there is");
  std::printf("%-50s %5s %9s %12s\n", "operation", "order", "compared", "difference");
  Totals totals;
  for (const GradientCase& c : cases) check_and_print(c, order ? order : c.order, jacobian, totals);
  std::printf("%zu lines, %td derivatives, largest relative difference %.1e: ", cases.size(), totals.compared,
              totals.largest_difference);
  if (totals.wrong)
    std::printf("%td WRONG\n", totals.wrong);
  else
    std::printf("all right\n");
  return totals.wrong ? exit_failed : exit_done;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compares the gradients of every operation, loss and layer with differences of values.", "gradcheck");
  std::string name;
  int order = 0;
  bool jacobian = false;
  app.add_option("name", name, "only what has this in its name")->type_name("NAME");
  app.add_option("--order", order, "check derivatives up to this order, 1 to 4; otherwise each up to its own")
      ->type_name("N")
      ->check(CLI::Range(1, 4));
  app.add_flag("--jacobian", jacobian, "every output by every entry, where otherwise random directions are compared");
  app.footer("Exit codes: 0 all are right; 1 one is wrong; 2 the command line is.");
  return run_program(app, argc, argv, [&] { return check_all(name, order, jacobian); });
}
