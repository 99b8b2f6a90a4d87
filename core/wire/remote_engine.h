#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/engine/engine.h"

namespace epi {

struct RemoteEngineConfig {
    std::vector<std::string>
        command;          // program and arguments, e.g. {"/usr/bin/epichat-engine"} or {"ssh", ...}
    bool restart = true;  // start a new engine when one is lost
};

/// An engine in another process, spoken to in frames over its standard input and output. When it dies or
/// falls silent, every open job gets Failed, then EngineLost is sent, and (with `restart`) a new process is
/// started, which says Hello again; models and conversations must then be sent again. Destruction ends the
/// process.
std::unique_ptr<Engine> makeRemoteEngine(const RemoteEngineConfig& config, EventSink sink);

}  // namespace epi
