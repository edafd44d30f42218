#include "apps/common/ablation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <sstream>

#include "apps/common/file.hpp"
#include "autograd/error.hpp"

namespace tapestry {
namespace {

// Columns of numbers by their names.
using Columns = std::map<std::string, std::vector<double>>;
Columns read_columns(const std::string& path) {
  std::istringstream lines(read_file(path));
  std::string line, word;
  std::getline(lines, line);
  std::vector<std::string> names;
  for (std::istringstream words(line); std::getline(words, word, ',');) names.push_back(word);
  Columns columns;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    for (const std::string& name : names) {
      std::getline(words, word, ',');
      columns[name].push_back(std::strtod(word.c_str(), nullptr));
    }
  }
  return columns;
}

// The mean of the last tenth of a column that has one of two names.
double settled(const Columns& columns, const char* name, const char* other_name) {
  const auto found = columns.contains(name) ? columns.find(name) : columns.find(other_name);
  const std::vector<double>& values = found->second;
  const std::size_t count = std::max<std::size_t>(values.size() / 10, 1);
  double sum = 0;
  for (std::size_t i = values.size() - count; i < values.size(); ++i) sum += values[i];
  return sum / static_cast<double>(count);
}

struct Measure {
  std::string title, key;           // for people; for table.csv
  std::vector<Estimate> estimates;  // one for each configuration
};

std::vector<Measure> measures(const Ablation& ablation) {
  const auto is_of_scores = [](const AblationRow& row) { return !row.probabilities; };
  const bool scores = std::any_of(ablation.begin(), ablation.end(), is_of_scores);
  const bool only_scores = std::all_of(ablation.begin(), ablation.end(), is_of_scores);
  const auto belief = [&](const std::string& of) {
    return only_scores ? "score(" + of + ")" : "D(" + of + ")" + (scores ? " or score" : "");
  };
  std::vector<Measure> all;
  const auto add = [&](const std::string& title, const std::string& key, auto value) {
    Measure measure{title, key, {}};
    for (const AblationRow& row : ablation) {
      std::vector<double> values;
      for (const AblationRun& run : row.runs)
        if (run.numbers)
          if (const std::optional<double> known = value(*run.numbers)) values.push_back(*known);
      measure.estimates.push_back(estimate(values));
    }
    all.push_back(measure);
  };
  add("discriminator loss", "discriminator_loss", [](const RunNumbers& n) { return n.discriminator_loss; });
  add("generator loss", "generator_loss", [](const RunNumbers& n) { return n.generator_loss; });
  add(belief("x"), "d_of_x", [](const RunNumbers& n) { return n.d_of_x; });
  add(belief("G(z)"), "d_of_g_of_z", [](const RunNumbers& n) { return n.d_of_g_of_z; });
  add("pictures/s", "pictures_per_second", [](const RunNumbers& n) { return n.pictures_per_second; });
  add("measure", "measure", [](const RunNumbers& n) { return n.measure; });
  const auto is_known = [](const Estimate& e) { return e.count > 0; };
  if (std::none_of(all.back().estimates.begin(), all.back().estimates.end(), is_known)) all.pop_back();
  return all;
}

std::string number(double value, const char* format = "%.4g") {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string shown(const Estimate& e) {
  if (e.count == 0) return "-";
  return number(e.mean) + (e.count > 1 ? " ± " + number(e.off, "%.2g") : "");
}

// A table in words: its head, then a line for each configuration.
using Cells = std::vector<std::vector<std::string>>;
Cells cells(const Ablation& ablation) {
  const std::vector<Measure> columns = measures(ablation);
  Cells table{{"configuration", "runs"}};
  for (const Measure& column : columns) table.front().push_back(column.title);
  for (std::size_t i = 0; i < ablation.size(); ++i) {
    table.push_back({ablation[i].name, std::to_string(columns.front().estimates[i].count)});
    for (const Measure& column : columns) table.back().push_back(shown(column.estimates[i]));
  }
  return table;
}

// In characters, of which ± has two bytes.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// RFC 4648.
std::string base64(const std::string& bytes) {
  static const char* const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = i; k < i + 3; ++k)
      three = three << 8 | (k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : letters[three >> (18 - 6 * static_cast<int>(k)) & 63];
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string html;
  for (const char c : text) html += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return html;
}

std::string figure(const AblationRun& run) {
  const std::string seed = "seed " + std::to_string(run.seed);
  if (!run.numbers) return "<td>" + seed + ": " + escaped(run.problem) + "</td>";
  return "<td><img src=\"data:image/png;base64," + base64(read_file(run.grid)) + "\" alt=\"" + seed + "\"><br>" + seed +
         "</td>";
}

}  // namespace

RunNumbers read_numbers(const std::string& metrics_csv, const std::string& timing_csv, double pictures_per_step) {
  const Columns metrics = read_columns(metrics_csv);
  const std::vector<double> seconds = read_columns(timing_csv)["seconds"];
  if (metrics.empty() || seconds.empty()) fail(metrics_csv, ": has no steps; expected the metrics of a run");
  const bool one = seconds.size() == 1;
  const double steps = one ? 1 : static_cast<double>(seconds.size() - 1);
  return {.discriminator_loss = settled(metrics, "discriminator_loss", ""),
          .generator_loss = settled(metrics, "generator_loss", ""),
          .d_of_x = settled(metrics, "d_of_x", "score_of_x"),
          .d_of_g_of_z = settled(metrics, "d_of_g_of_z", "score_of_g_of_z"),
          .pictures_per_second = steps * pictures_per_step / (seconds.back() - (one ? 0 : seconds.front())),
          .measure = {}};
}

std::string table_text(const Ablation& ablation) {
  const Cells table = cells(ablation);
  std::string text;
  for (const auto& row : table) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      std::size_t widest = 0;
      for (const auto& other : table) widest = std::max(widest, width(other[column]));
      const bool last = column + 1 == row.size();
      text += row[column] + (last ? "" : std::string(widest - width(row[column]) + 2, ' '));
    }
    text += '\n';
  }
  return text;
}

std::string table_csv(const Ablation& ablation) {
  const std::vector<Measure> columns = measures(ablation);
  std::string text = "configuration,runs";
  for (const Measure& column : columns) text += "," + column.key + "," + column.key + "_off";
  for (std::size_t i = 0; i < ablation.size(); ++i) {
    text += "\n" + ablation[i].name + "," + std::to_string(columns.front().estimates[i].count);
    for (const Measure& column : columns) {
      const Estimate& e = column.estimates[i];
      text += "," + (e.count > 0 ? number(e.mean, "%.9g") : "") + "," + (e.count > 1 ? number(e.off, "%.9g") : "");
    }
  }
  return text + "\n";
}

std::string page_html(const Ablation& ablation) {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Ablation</title>\n<style>\n"
      "body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #2d2d34; background: #fafaf7 }\n"
      "table { border-collapse: collapse; margin-bottom: 2em }\n"
      "th, td { padding: .4em .9em; text-align: left; vertical-align: top }\n"
      "table.numbers tr { border-bottom: 1px solid #d8d8d0 }\n"
      "table.grids td { text-align: center } img { max-width: 22em; image-rendering: pixelated }\n"
      "</style></head><body>\n<h1>Ablation</h1>\n"
      "<p>Means over runs from different seeds, &plusmn; half of the 95 % interval by Student's t. Losses and D: over "
      "the last tenth of the steps.</p>\n<table class=\"numbers\">\n";
  const Cells table = cells(ablation);
  for (const auto& row : table) {
    page += "<tr>";
    const char* const tag = &row == &table.front() ? "th" : "td";
    for (const std::string& cell : row) page += std::string("<") + tag + ">" + escaped(cell) + "</" + tag + ">";
    page += "</tr>\n";
  }
  page += "</table>\n<table class=\"grids\">\n";
  for (const AblationRow& row : ablation) {
    page += "<tr><th>" + escaped(row.name) + "</th>";
    for (const AblationRun& run : row.runs) page += figure(run);
    page += "</tr>\n";
  }
  return page + "</table>\n</body></html>\n";
}

}  // namespace tapestry
