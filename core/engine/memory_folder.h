#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace epi {

/// Notes that a memory is in use: the order in which trimCacheFolder removes them.
void touchMemory(const std::filesystem::path& folder, const std::string& memoryKey);

/// 20 GB, or a tenth of the disk where that is less.
std::int64_t defaultMemoryFolderLimit(const std::filesystem::path& folder);

/// Size of the files of one key (a memory's or an episode's) in bytes; of all with an empty key.
std::int64_t memoryFileBytes(const std::filesystem::path& folder, const std::string& key);

}  // namespace epi
