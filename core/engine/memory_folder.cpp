#include "core/engine/memory_folder.h"

#include <algorithm>
#include <system_error>

#include "core/format/cache_key.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDefaultLimit = 20'000'000'000;
constexpr std::int64_t kShareOfDisk = 10;

}  // namespace

void touchMemory(const fs::path& folder, const std::string& memoryKey) {
    std::error_code error;  // an unknown time only makes the memory go earlier
    fs::last_write_time(folder / (memoryKey + ".memory"), fs::file_time_type::clock::now(), error);
}

std::int64_t defaultMemoryFolderLimit(const fs::path& folder) {
    std::error_code error;
    const fs::space_info space = fs::space(folder, error);
    if (error) return kDefaultLimit;
    return std::min(kDefaultLimit, static_cast<std::int64_t>(space.capacity) / kShareOfDisk);
}

std::int64_t memoryFileBytes(const fs::path& folder, const std::string& key) {
    std::int64_t bytes = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        // "…-1" must not count "…-12".
        const bool isOf = name.starts_with(key) && (key.size() <= kKeyDigits || name[key.size()] == '.');
        if (isOf) bytes += static_cast<std::int64_t>(entry.file_size(error));
    }
    return bytes;
}

}  // namespace epi
