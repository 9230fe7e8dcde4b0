// Compiled into the addon: TensorFlow logs through Abseil, whose level no environment variable sets, and would write a line to every terminal and
// notebook at the first graph. Errors still reach the caller as exceptions. TF_CPP_MIN_LOG_LEVEL=0 brings all messages back.
#include <cstdlib>
#include <cstring>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"

namespace {
struct Quiet {
  Quiet() {
    const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
    if (level == nullptr || std::strcmp(level, "0") != 0) absl::SetMinLogLevel(absl::LogSeverityAtLeast::kFatal);
  }
} quiet;
}  // namespace
