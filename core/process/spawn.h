#pragma once

#include <span>
#include <string>

#include "core/base/file.h"
#include "core/base/result.h"
#include "core/process/process_starter.h"

#include <sys/types.h>

namespace epi {

enum class Lifetime {
    kOurs,  // SIGTERM when the thread that started it ends
    kOwn,   // a session of its own, and it outlives us
};

/// Forks and executes; see ProcessStarter::start. The caller waits for the child. Internal to core/process.
Result<pid_t> spawn(std::span<const std::string> command,
                    const StandardDescriptors& descriptors,
                    Lifetime lifetime);

/// What waitpid has told, as ProcessControl::ending says it.
std::string describeEnding(int waitStatus);

/// An Error with the system's words; kNotFound for ENOENT, else kIo.
Error systemError(const std::string& what, int error);

/// Moves a descriptor above the standard ones, where a child's dup2 calls do not meet it.
Result<void> raiseAboveStandard(FileDescriptor& descriptor);

}  // namespace epi
