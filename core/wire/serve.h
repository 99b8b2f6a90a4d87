#pragma once

#include <functional>
#include <memory>

#include "core/base/result.h"
#include "core/engine/engine.h"

namespace epi {

/// Makes the engine that `serveEngine` speaks for, given where its events go.
using EngineFactory = std::function<std::unique_ptr<Engine>(EventSink)>;

/// The other end of RemoteEngine: reads commands from `inputFd`, writes events to `outputFd` until the input
/// ends, the output is closed by its reader (kIo), or a malformed frame ends the session (kCorruptData); open
/// jobs are then cancelled and the engine destroyed. Pings are answered from the calling thread, so also
/// while a job runs. For the main thread of a program: from here on, it ignores SIGPIPE.
Result<void> serveEngine(const EngineFactory& factory, int inputFd, int outputFd);

}  // namespace epi
