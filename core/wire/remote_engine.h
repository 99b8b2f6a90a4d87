#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/process/process_starter.h"

namespace epi {

struct RemoteEngineConfig {
    std::vector<std::string>
        command;  // program and arguments, e.g. {"/usr/bin/epichat-engine"} or {"ssh", ...}
    std::shared_ptr<ProcessStarter> starter = directStarter();
    bool restart = true;  // start a new engine when one is lost

    std::chrono::milliseconds pingInterval{2'000};
    std::chrono::milliseconds silenceLimit{30'000};  // an engine that owes an answer for so long is lost
    std::chrono::milliseconds exitGrace{2'000};      // from closing its input to killing it, at the end
    // The first restart is immediate; each further one within `lossWindow` waits twice as long as the last,
    // and after `maxLosses` in it the engine is given up.
    std::chrono::milliseconds restartDelay{250};
    std::chrono::milliseconds lossWindow{60'000};
    int maxLosses = 5;
};

/// An engine in another process, spoken to in frames over its standard input and output. When it dies or
/// falls silent, every open job gets Failed, then EngineLost is sent, and (with `restart`) a new process is
/// started, which says Hello again; models and conversations must then be sent again. The first line of
/// EngineLost::reason says what happened, the lines after it are the last of the engine's standard error,
/// which is also passed on to ours: any bytes. An engine that cannot be started or speaks another protocol
/// version is given up at once (isRestarting is false); jobs posted from then on get Failed. Commands posted
/// before Hello wait for it. Destruction ends the process; no event follows it.
std::unique_ptr<Engine> makeRemoteEngine(const RemoteEngineConfig& config, EventSink sink);

}  // namespace epi
