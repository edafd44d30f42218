// Threads that do not take the cores from those they wait for.
#pragma once

namespace tapestry {

// Call first of all. At the end of each kernel threads wait for one another, by looking again and again. libgomp has
// them look for milliseconds before they sleep: on a machine that is busy with other things as well, they then take the
// cores from those they wait for. It reads its limit while a program is loaded; so this sets a short one and starts the
// program anew, unless the environment says how to wait (OMP_WAIT_POLICY, GOMP_SPINCOUNT) or nothing can be started.
void restart_with_short_waits(char* const* argv);

}  // namespace tapestry
