// Interrupt: Ctrl-C asks a run to finish its step and write its results; a second Ctrl-C ends it at once.
#pragma once

namespace tapestry {

// Call once, at the start. From then on the first SIGINT (Ctrl-C), SIGTERM or SIGHUP (the terminal is gone) and any
// SIGPIPE (whoever read standard output is gone) only set a flag. SIGXFSZ is ignored, so that a file which outgrows its
// limit is an error like a full disk.
void install_signal_handlers();

bool interrupted();  // has one of them come?

// After interrupted(): ends the process by that signal, so that a shell sees why it ended. Flushes standard output.
[[noreturn]] void end_by_signal();

}  // namespace tapestry
