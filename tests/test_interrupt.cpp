// Ctrl-C: asks once, ends at the second time; and the shell sees by which signal.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

#include "apps/common/interrupt.hpp"

using namespace tapestry;

namespace {

// How a child process ends that runs `body`, which says 0 if all was well.
template <class Body>
int status_of(Body body) {
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGHUP, SIG_DFL);  // under nohup it is ignored
    _exit(body());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

template <class Body>
void check_that_all_is_well(Body body) {
  const int status = status_of(body);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace

TEST_CASE("the first signal only sets a flag, and the process can then end by it") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    CAPTURE(signal);
    check_that_all_is_well([&] {
      install_signal_handlers();
      if (interrupted()) return 1;
      std::raise(signal);
      return interrupted() ? 0 : 2;
    });

    const int ended = status_of([&] {
      install_signal_handlers();
      std::raise(signal);
      end_by_signal();
      return 0;
    });
    CHECK(WIFSIGNALED(ended));
    CHECK(WTERMSIG(ended) == signal);
  }
}

TEST_CASE("the second Ctrl-C ends at once") {
  const int status = status_of([] {
    install_signal_handlers();
    std::raise(SIGINT);
    std::raise(SIGINT);
    return 0;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}

TEST_CASE("a closed terminal does not end what nohup has started") {
  check_that_all_is_well([] {
    std::signal(SIGHUP, SIG_IGN);
    install_signal_handlers();
    std::raise(SIGHUP);
    return interrupted() ? 1 : 0;
  });
}

TEST_CASE("a reader that has gone asks once more, and again") {
  check_that_all_is_well([] {
    install_signal_handlers();
    for (int i = 0; i < 3; ++i) std::raise(SIGPIPE);
    return interrupted() ? 0 : 1;
  });
}

TEST_CASE("a file that outgrows its limit does not end the process") {
  check_that_all_is_well([] {
    install_signal_handlers();
    std::raise(SIGXFSZ);
    return interrupted() ? 1 : 0;
  });
}
