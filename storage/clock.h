#pragma once

#include <chrono>
#include <cstdint>

namespace epi {

/// Milliseconds since 1970, UTC. A label for people: clocks jump, so nothing is ordered by it.
inline std::int64_t nowMs() {
    const auto sinceEpoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(sinceEpoch).count();
}

}  // namespace epi
