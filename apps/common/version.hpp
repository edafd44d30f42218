// The version of Tapestry, as run.json and the metadata of weight files state it (semver.org).
#pragma once

namespace tapestry {

constexpr const char* version = "0.1.0";

}  // namespace tapestry
