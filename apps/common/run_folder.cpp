#include "apps/common/run_folder.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

#include "apps/common/file.hpp"
#include "apps/common/version.hpp"
#include "autograd/error.hpp"
#include "autograd/tensor.hpp"

namespace tapestry {
namespace {

namespace fs = std::filesystem;

std::string local_time(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  localtime_r(&now, &fields);
  std::ostringstream text;
  text << std::put_time(&fields, format);
  return text.str();
}

// ISO 8601: 2026-01-31T14:25:01+01:00
std::string timestamp() {
  std::string text = local_time("%Y-%m-%dT%H:%M:%S%z");
  return text.insert(text.size() - 2, ":");
}

std::string compiler() {
#ifdef __clang__
  return __VERSION__;
#else
  return std::string("GCC ") + __VERSION__;
#endif
}

const char* word(RunState state) {
  switch (state) {
    case RunState::running:
      return "running";
    case RunState::finished:
      return "finished";
    case RunState::interrupted:
      return "interrupted";
    case RunState::failed:
      return "failed";
  }
  return "unknown";
}

[[noreturn]] void fail_to_create(const std::string& path, const std::system_error& error) {
  fail(path, ": cannot be created: ", error.code().message(),
       "; expected a folder that can be written to; choose one with --out");
}

// What a run puts into its two folders: pictures, of the toy by steps, and saved generators.
bool is_of_a_run(const fs::path& path) {
  const std::string name = path.filename().string();
  if (path.extension() == ".safetensors") return name.starts_with("epoch-");
  return path.extension() == ".png" && (name == "real.png" || name == "untrained.png" || name.starts_with("epoch-") ||
                                        name.starts_with("codes-") || name.starts_with("step"));
}

std::string epoch_file(long epoch, const char* ending, const char* what = "/epoch-") {
  const std::string number = std::to_string(epoch);
  return what + std::string(number.size() < 4 ? 4 - number.size() : 0, '0') + number + ending;
}

}  // namespace

std::string create_fresh_folder(const std::string& parent, const std::string& name) {
  const std::string first = parent + "/" + name;
  try {
    fs::create_directories(parent);
    std::string path = first;
    for (int counter = 2; fs::exists(path) || !fs::create_directory(path); ++counter)
      path = first + "-" + std::to_string(counter);
    return path;
  } catch (const std::system_error& error) {
    fail_to_create(first, error);
  }
}

std::string processor_name() {
#ifdef __APPLE__
  char name[256];
  std::size_t size = sizeof name;
  if (sysctlbyname("machdep.cpu.brand_string", name, &size, nullptr, 0) == 0) return name;
#endif
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos)
      return line.substr(colon + 2);
  return "unknown";
}

RunFolder::RunFolder(RunDescription description, const std::string& out, bool overwrite)
    : description_(std::move(description)), started_(timestamp()), path_(out) {
  if (out.empty()) path_ = create_fresh_folder("runs", description_.program + local_time("-%Y-%m-%d-%H%M%S"));
  const bool created = out.empty() || claim(overwrite);
  try {
    record(RunState::running, 0, 0);
    remove_old_run();
    fs::create_directory(samples());
  } catch (const std::exception& error) {
    std::error_code ignored;
    if (created) fs::remove_all(path_, ignored);
    if (const auto* reason = dynamic_cast<const std::system_error*>(&error)) fail_to_create(path_, *reason);
    throw;
  }
}

bool RunFolder::claim(bool overwrite) const {
  try {
    if (!fs::exists(path_)) return fs::create_directories(path_);
    if (!fs::is_directory(path_)) fail(path_, ": is a file; expected a folder; choose another with --out");
    if (fs::exists(run()) && !overwrite)
      fail(path_,
           ": holds a run already; expected a new or empty folder; choose another with --out, or add --overwrite");
    if (!fs::exists(run()) && !fs::is_empty(path_))
      fail(path_, ": holds files that are no run's; expected a new or empty folder; choose another with --out");
    return false;
  } catch (const std::system_error& error) {
    fail_to_create(path_, error);
  }
}

// All but run.json, which by now is the new one.
void RunFolder::remove_old_run() const {
  for (const std::string& path : {config(), metrics(), timing(), model(), generator(), discriminator(), code_head()})
    fs::remove(path);
  for (const std::string& folder : {samples(), generators()}) {
    if (!fs::is_directory(folder)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
      if (is_of_a_run(entry.path())) fs::remove(entry.path());
  }
  if (fs::is_directory(generators()) && fs::is_empty(generators())) fs::remove(generators());
}

std::string RunFolder::sample(long epoch) const { return samples() + epoch_file(epoch, ".png"); }
std::string RunFolder::codes_sample(long epoch) const { return samples() + epoch_file(epoch, ".png", "/codes-"); }

std::string RunFolder::generator(long epoch) const {
  fs::create_directory(generators());
  return generators() + epoch_file(epoch, ".safetensors");
}

void RunFolder::record(RunState state, long step, long epoch) const {
  using Json = nlohmann::ordered_json;
  Json versions = {{"tapestry", version}, {"compiler", compiler()}};
  for (const auto& [library, number] : description_.versions) versions[library] = number;
  const Json run_json = {{"program", description_.program},
                         {"state", word(state)},
                         {"step", step},
                         {"steps", description_.steps},
                         {"epoch", epoch},
                         {"epochs", description_.epochs},
                         {"started", started_},
                         {"ended", state == RunState::running ? Json() : Json(timestamp())},
                         {"command_line", description_.command_line},
                         {"versions", versions},
                         {"precision", sizeof(Real) == 4 ? "float" : "double"},
                         {"machine",
                          {{"processor", processor_name()},
                           {"cores", std::thread::hardware_concurrency()},
                           {"threads", description_.threads}}}};
  // Words of a command line may be any bytes; JSON takes UTF-8 only.
  write_file(run(), run_json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace tapestry
