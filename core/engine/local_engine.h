#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/base/paths.h"
#include "core/engine/engine.h"

namespace epi {

/// How much the caches of episodes may take, in bytes. The one that is being asked is always held.
struct CacheLimits {
    std::int64_t deviceBytes = std::int64_t{2}
                               << 30;  // ready to be asked, on the GPU or, without one, in memory
    std::int64_t memoryBytes = std::int64_t{4} << 30;  // in ordinary memory, beside a GPU
    std::int64_t diskBytes = 0;                        // in the cache folder; 0: see defaultMemoryFolderLimit
};

struct LocalEngineConfig {
    std::filesystem::path modelFolder;  // models by id
    std::filesystem::path cacheFolder;  // episode caches
    std::filesystem::path profileFolder = paths::layerProfiles();
    CacheLimits limits = {};
};

/// An engine in this process with one thread for all jobs. Destruction cancels what runs and joins.
std::unique_ptr<Engine> makeLocalEngine(const LocalEngineConfig& config, EventSink sink);

}  // namespace epi
