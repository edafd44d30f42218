#include "apps/common/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ostream>

namespace tapestry {
namespace {

constexpr double seconds_between_redraws = 0.1;
constexpr double window = 5;  // seconds over which the speed is averaged
constexpr std::size_t shortest_bar = 8, longest_bar = 30;

std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::abs(value);
  char text[32];
  std::snprintf(text, sizeof text, size == 0 || (size >= 0.005 && size < 1000) ? "%.2f" : "%.1e", value);
  return text;
}

std::string with_commas(long value) {
  std::string text = std::to_string(value);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, ",");
  return text;
}

// 1:12 or 2:03:04
std::string duration(double seconds) {
  const long s = std::lround(seconds);
  char text[32];
  if (s < 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld", s / 60, s % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  return text;
}

std::string out_of(long part, long whole) { return std::to_string(part) + "/" + std::to_string(whole); }

// [=====>    ]
std::string bar(double share, std::size_t length) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(length));
  std::string text(full, '=');
  if (full < length) text += '>';
  text.resize(length, ' ');
  return "[" + text + "]";
}

}  // namespace

Screen Screen::of(int file_descriptor) {
  return {isatty(file_descriptor) == 1, [file_descriptor] {
            winsize size{};
            return ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? int{size.ws_col} : 80;
          }};
}

Progress::Clock Progress::steady_clock() {
  return [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
}

Progress::Progress(std::ostream& out, Screen screen, Pace pace, Clock clock)
    : out_(out), screen_(std::move(screen)), pace_(pace), clock_(std::move(clock)) {}

void Progress::report(const Moment& moment) {
  moment_ = moment;
  stale_ = true;
  const double now = clock_();
  remember(now);
  if (due(now)) draw(now);
}

void Progress::message(const std::string& line) {
  erase();
  out_ << line << '\n';
  if (screen_.terminal && drawn_) draw(clock_());
  out_.flush();
}

void Progress::finish() {
  if (stale_) draw(clock_());
  if (on_screen_ > 0) out_ << '\n' << std::flush;
  on_screen_ = 0;
  drawn_ = false;
}

// Keeps one mark older than the window, so that the speed covers all of it, and few enough of the younger ones.
void Progress::remember(double now) {
  const Mark mark{now, moment_.step, moment_.pictures};
  if (marks_.size() >= 2 && now - marks_[marks_.size() - 2].time < seconds_between_redraws)
    marks_.back() = mark;
  else
    marks_.push_back(mark);
  while (marks_.size() > 2 && now - marks_[1].time >= window) marks_.pop_front();
}

bool Progress::due(double now) const {
  if (!drawn_) return true;
  const double elapsed = now - drawn_time_;
  if (screen_.terminal) return elapsed >= seconds_between_redraws;
  return (pace_.seconds_per_line > 0 && elapsed >= pace_.seconds_per_line) ||
         (pace_.steps_per_line > 0 && moment_.step - drawn_step_ >= pace_.steps_per_line);
}

void Progress::draw(double now) {
  if (screen_.terminal) {
    erase();
    // The last column stays free: a terminal may wrap there.
    const std::string line = text(static_cast<std::size_t>(std::max(screen_.width() - 1, 1)));
    out_ << line << std::flush;
    on_screen_ = line.size();
  } else {
    out_ << text(0) << std::endl;
  }
  drawn_ = true;
  stale_ = false;
  drawn_time_ = now;
  drawn_step_ = moment_.step;
}

void Progress::erase() {
  if (on_screen_ > 0) out_ << '\r' << std::string(on_screen_, ' ') << '\r';
  on_screen_ = 0;
}

// At most `width` characters. Width 0: a plain line, without bar. Where not everything fits, the line is written closer
// together, and the bar alone tells how far the epoch has come; the narrowest screens lose the bar, then the end.
std::string Progress::text(std::size_t width) const {
  const std::string head = "epoch " + out_of(moment_.epoch, moment_.epochs);
  const std::string full = out_of(moment_.epoch_step, moment_.epoch_steps) + tail("  ", " pictures/s");
  if (width == 0) return head + "  " + full;

  const double share = static_cast<double>(moment_.epoch_step) / static_cast<double>(std::max(moment_.epoch_steps, 1L));
  if (const std::size_t taken = head.size() + full.size() + 5; taken + shortest_bar <= width)
    return head + "  " + bar(share, std::min(width - taken, longest_bar)) + " " + full;
  const std::string compact = tail(" ", "/s");
  if (const std::size_t taken = head.size() + compact.size() + 3; taken + 1 <= width)
    return head + " " + bar(share, std::min(width - taken, longest_bar)) + compact;
  return (head + compact).substr(0, width);
}

// "  d 0.63  g 1.02  5,120 pictures/s  1:12 left", the last two as soon as there are two moments to compare.
std::string Progress::tail(const std::string& gap, const std::string& unit) const {
  std::string text;
  for (const auto& [label, value] : moment_.values) text += gap + label + " " + number(value);
  if (marks_.size() < 2) return text;
  const Mark &first = marks_.front(), &last = marks_.back();
  const double seconds = last.time - first.time;
  if (seconds <= 0 || last.step <= first.step) return text;
  const double seconds_per_step = seconds / static_cast<double>(last.step - first.step);
  return text + gap + with_commas(std::lround(static_cast<double>(last.pictures - first.pictures) / seconds)) + unit +
         gap + duration(seconds_per_step * static_cast<double>(std::max(moment_.steps - moment_.step, 0L))) + " left";
}

}  // namespace tapestry
