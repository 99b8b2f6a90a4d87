#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace epi {

struct SystemMemory {
    std::int64_t totalBytes = 0;
    std::int64_t availableBytes = 0;  // without making other programs swap, as the kernel estimates it
};

/// Of this computer, now; nothing where the system does not say. Any thread.
std::optional<SystemMemory> systemMemory();

/// The same from the text of /proc/meminfo.
std::optional<SystemMemory> systemMemoryFrom(std::string_view meminfo);

}  // namespace epi
