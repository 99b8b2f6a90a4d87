#pragma once

#include <nlohmann/json.hpp>

#include "core/wire/messages.h"

namespace epi {

/// The counters of the engine's caches, for --json.
inline nlohmann::json describe(const Residency& residency) {
    return {{"device_bytes", residency.deviceBytes},
            {"device_limit", residency.deviceLimit},
            {"memory_bytes", residency.memoryBytes},
            {"hits", residency.hits},
            {"faults", residency.faults},
            {"evictions", residency.evictions},
            {"lru_faults", residency.lruFaults},
            {"follows_lru", residency.followsLru},
            {"disk_faults", residency.diskFaults},
            {"rebuilds", residency.rebuilds}};
}

}  // namespace epi
