#pragma once

#include <filesystem>
#include <memory>

#include "core/base/paths.h"
#include "core/engine/engine.h"

namespace epi {

struct LocalEngineConfig {
    std::filesystem::path modelFolder;  // models by id
    std::filesystem::path cacheFolder;  // episode caches
    std::filesystem::path profileFolder = paths::layerProfiles();
};

/// An engine in this process with one thread for all jobs. Destruction cancels what runs and joins.
std::unique_ptr<Engine> makeLocalEngine(const LocalEngineConfig& config, EventSink sink);

}  // namespace epi
