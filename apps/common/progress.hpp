// Progress: how the training goes, for a person at a terminal or for a log.
#pragma once
#include <deque>
#include <functional>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace tapestry {

// Where the words go: a terminal, whose line can be redrawn, or anything else.
struct Screen {
  bool terminal = false;
  std::function<int()> width = [] { return 80; };  // in characters; asked anew for each line

  static Screen of(int file_descriptor);  // 1: standard output, 2: standard error
};

// How far a run has come.
struct Moment {
  long epoch = 1, epochs = 1;                          // the epoch under way, of how many
  long epoch_step = 0, epoch_steps = 1;                // steps done in it, of how many
  long step = 0, steps = 1;                            // steps done in the whole run, of how many
  long pictures = 0;                                   // seen in the whole run
  std::vector<std::pair<std::string, double>> values;  // {"D(x)", 0.61}
};

// On a terminal one line, redrawn in place and fitted to the width:
//   epoch 3/10  [=====>    ] 120/468  d 0.63  g 1.02  5,120 pictures/s  1:12 left
// Elsewhere the same without the bar, as plain lines.
class Progress {
 public:
  using Clock = std::function<double()>;  // seconds, from any start

  struct Pace {  // of plain lines: after the first, one whenever either has passed; 0 is never
    double seconds_per_line = 10;
    long steps_per_line = 0;
  };

  Progress(std::ostream& out, Screen screen, Pace pace, Clock clock = steady_clock());
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void report(const Moment& moment);      // after every step; cheap, and silent most of the time
  void message(const std::string& line);  // above the bar
  void finish();                          // the last moment in full, and a fresh line

  static Clock steady_clock();

 private:
  struct Mark {
    double time;
    long step, pictures;
  };

  void remember(double now);
  bool due(double now) const;
  void draw(double now);
  void erase();
  std::string text(std::size_t width) const;
  std::string tail(const std::string& gap, const std::string& unit) const;

  std::ostream& out_;
  Screen screen_;
  Pace pace_;
  Clock clock_;
  Moment moment_;
  std::deque<Mark> marks_;  // of the last few seconds, oldest first
  bool drawn_ = false;      // has anything been written yet?
  bool stale_ = false;      // is the last moment yet unwritten?
  double drawn_time_ = 0;
  long drawn_step_ = 0;
  std::size_t on_screen_ = 0;  // length of the bar on the terminal
};

}  // namespace tapestry
