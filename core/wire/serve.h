#pragma once

#include <functional>
#include <memory>

#include "core/base/result.h"
#include "core/engine/engine.h"

namespace epi {

/// Makes the engine that `serveEngine` speaks for, given where its events go.
using EngineFactory = std::function<std::unique_ptr<Engine>(EventSink)>;

/// The other end of RemoteEngine: reads commands from `inputFd`, writes events to `outputFd` until the input
/// ends. A malformed frame ends the session with kCorruptData.
Result<void> serveEngine(const EngineFactory& factory, int inputFd, int outputFd);

}  // namespace epi
