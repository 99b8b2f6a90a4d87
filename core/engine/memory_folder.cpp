#include "core/engine/memory_folder.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <system_error>
#include <vector>

#include "core/base/log.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyDigits = 64;
constexpr std::int64_t kDefaultLimit = 20'000'000'000;
constexpr std::int64_t kShareOfDisk = 10;
constexpr const char* kTemporaryPrefix = ".epichat-";
constexpr std::chrono::hours kAbandonedAfter{24};

bool isKey(std::string_view text) {
    return text.size() == kKeyDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// All files of one memory.
struct Group {
    std::vector<fs::path> files;
    std::int64_t bytes = 0;
    fs::file_time_type lastUsed = fs::file_time_type::min();
};

void remove(const fs::path& path, FolderUse& removed) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error || !fs::remove(path, error)) return;
    removed.files += 1;
    removed.bytes += static_cast<std::int64_t>(size);
}

/// The memories in a folder by key. Temporary files that nobody writes any more are removed.
std::map<std::string, Group> groupsIn(const fs::path& folder, FolderUse& removed) {
    std::map<std::string, Group> groups;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        const auto written = entry.last_write_time(error);
        if (name.starts_with(kTemporaryPrefix) &&
            written < fs::file_time_type::clock::now() - kAbandonedAfter)
            remove(entry.path(), removed);
        const std::string key = name.substr(0, kKeyDigits);
        if (!isKey(key)) continue;
        Group& group = groups[key];
        group.files.push_back(entry.path());
        group.bytes += static_cast<std::int64_t>(entry.file_size(error));
        group.lastUsed = std::max(group.lastUsed, written);
    }
    return groups;
}

}  // namespace

void touchMemory(const fs::path& folder, const std::string& memoryKey) {
    std::error_code error;  // an unknown time only makes the memory go earlier
    fs::last_write_time(folder / (memoryKey + ".memory"), fs::file_time_type::clock::now(), error);
}

FolderUse trimMemories(const fs::path& folder, std::int64_t limitBytes, const std::string& memoryInUse) {
    FolderUse removed;
    const std::map<std::string, Group> groups = groupsIn(folder, removed);
    std::vector<const Group*> oldestFirst;
    std::int64_t bytes = 0;
    for (const auto& [key, group] : groups) {
        bytes += group.bytes;
        if (key != memoryInUse) oldestFirst.push_back(&group);
    }
    std::ranges::sort(oldestFirst, {}, &Group::lastUsed);
    for (const Group* const group : oldestFirst) {
        if (bytes <= limitBytes) break;
        for (const fs::path& file : group->files)
            remove(file, removed);
        bytes -= group->bytes;
    }
    if (removed.files > 0) {
        logInformation(std::to_string(removed.files) + " files of " + std::to_string(removed.bytes) +
                       " bytes left the cache folder, which may hold " + std::to_string(limitBytes) +
                       " bytes");
    }
    return removed;
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
