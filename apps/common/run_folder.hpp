// Run folder: everything a run leaves behind.
//
//   config.json                  the configuration, with every default written out
//   metrics.csv, timing.csv      what the seed determines, and what it does not
//   run.json                     the state of the run, on which machine, by which versions
//   model.svg                    a picture of both networks
//   samples/real.png             the first pictures of the data
//   samples/untrained.png        the generator's before it learned anything
//   samples/epoch-0003.png       the generator's, from the same latents every time
//   samples/codes-0003.png       what its codes do, where it has any
//   generator.safetensors, discriminator.safetensors, and code_head.safetensors of an InfoGAN
//   generators/epoch-0010.safetensors   where the configuration asks for them
#pragma once
#include <map>
#include <string>
#include <vector>

namespace tapestry {

struct RunDescription {
  std::string program;                    // mnist_dcgan
  std::vector<std::string> command_line;  // the words as typed
  long steps = 0, epochs = 0;             // that the run is meant to have
  int threads = 1;
  std::map<std::string, std::string> versions;  // of libraries: {"eigen", "3.4.0"}
};

enum class RunState { running, finished, interrupted, failed };

class RunFolder {
 public:
  // Takes or creates the folder `out`, or, if that is empty, creates runs/PROGRAM-DATE-TIME in the working directory,
  // with a counter if that name is taken; then writes run.json, "running". A folder that holds a run is an error unless
  // `overwrite`: then the files listed above are removed and anything else in it is left alone. A folder with other
  // files is always an error. Call it once everything else has been validated: it is the first to write.
  RunFolder(RunDescription description, const std::string& out, bool overwrite);

  // Writes run.json anew: in which state, after how many steps and epochs. Any state but "running" ends the run.
  void record(RunState state, long step, long epoch) const;

  const std::string& path() const { return path_; }
  std::string config() const { return path_ + "/config.json"; }
  std::string metrics() const { return path_ + "/metrics.csv"; }
  std::string timing() const { return path_ + "/timing.csv"; }
  std::string run() const { return path_ + "/run.json"; }
  std::string generator() const { return path_ + "/generator.safetensors"; }
  std::string discriminator() const { return path_ + "/discriminator.safetensors"; }
  std::string code_head() const { return path_ + "/code_head.safetensors"; }  // of an InfoGAN
  std::string model() const { return path_ + "/model.svg"; }
  std::string samples() const { return path_ + "/samples"; }
  std::string generators() const { return path_ + "/generators"; }
  std::string generator(long epoch) const;  // creates the folder
  std::string untrained_sample() const { return samples() + "/untrained.png"; }
  std::string real_sample() const { return samples() + "/real.png"; }
  std::string sample(long epoch) const;
  std::string codes_sample(long epoch) const;

 private:
  bool claim(bool overwrite) const;  // false: the folder was there before
  void remove_old_run() const;

  RunDescription description_;
  std::string started_;
  std::string path_;
};

// Creates parent/name, or parent/name-2, parent/name-3, ... whichever is the first that did not exist; never one that
// another process just created.
std::string create_fresh_folder(const std::string& parent, const std::string& name);

std::string processor_name();  // as the system calls it, or "unknown"

}  // namespace tapestry
