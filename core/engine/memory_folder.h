#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace epi {

/// The folder of cache files. All files of a memory begin with its key and come and go together.

struct RemovedFiles {
    std::int64_t files = 0;
    std::int64_t bytes = 0;
};

/// Removes all files of a memory, given its key or that of one of its episodes. kInvalidArgument when it is
/// no key.
Result<RemovedFiles> removeMemory(const std::filesystem::path& folder, const std::string& key);

/// Notes that a memory is in use: the order in which trimMemories removes them.
void touchMemory(const std::filesystem::path& folder, const std::string& memoryKey);

/// Removes the memories that were not used for longest until the folder is within its limit, never the one in
/// use, and files that a killed writer left behind.
RemovedFiles trimMemories(const std::filesystem::path& folder,
                          std::int64_t limitBytes,
                          const std::string& memoryInUse);

/// 20 GB, or a tenth of the disk where that is less.
std::int64_t defaultMemoryFolderLimit(const std::filesystem::path& folder);

/// Size of the files of one key (a memory's or an episode's) in bytes; of all with an empty key.
std::int64_t memoryFileBytes(const std::filesystem::path& folder, const std::string& key);

}  // namespace epi
