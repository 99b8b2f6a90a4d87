#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/format/cache_folder.h"

namespace epi {

/// The folder of cache files. All files of a memory begin with its key and come and go together.

/// Notes that a memory is in use: the order in which trimMemories removes them.
void touchMemory(const std::filesystem::path& folder, const std::string& memoryKey);

/// Removes the memories that were not used for longest until the folder is within its limit, never the one in
/// use, and files that a killed writer left behind.
FolderUse trimMemories(const std::filesystem::path& folder,
                       std::int64_t limitBytes,
                       const std::string& memoryInUse);

/// 20 GB, or a tenth of the disk where that is less.
std::int64_t defaultMemoryFolderLimit(const std::filesystem::path& folder);

/// Size of the files of one key (a memory's or an episode's) in bytes; of all with an empty key.
std::int64_t memoryFileBytes(const std::filesystem::path& folder, const std::string& key);

}  // namespace epi
