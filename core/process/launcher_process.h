#pragma once

#include "core/base/file.h"

namespace epi {

// The words between a Launcher and its process. A request is one of the first two, followed by the arguments,
// each with a NUL behind it; with it come input, output, error output and the program's own socket. All else
// goes over that socket: kStarted, or kFailed with a byte for the ErrorCode and the message, then kEnded with
// the status of waitpid; towards the launcher one byte, the number of a signal.
inline constexpr char kStartRequest = 's';
inline constexpr char kStartDetachedRequest = 'd';
inline constexpr char kStarted = 'S';
inline constexpr char kFailed = 'F';
inline constexpr char kEnded = 'E';
inline constexpr std::size_t kLongestReport = 4096;  // bytes

/// What the forked process does until the other end of `socket` is closed and all it started has ended.
/// Internal to core/process.
[[noreturn]] void runLauncher(FileDescriptor socket);

}  // namespace epi
