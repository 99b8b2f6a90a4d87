#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/base/result.h"

namespace epi {

struct FolderUse {
    std::int64_t files = 0;
    std::int64_t bytes = 0;
};

/// The regular files in a folder and below; links are not followed. A folder that is not there holds nothing.
/// May take a while on a large tree; any thread.
FolderUse folderUse(const std::filesystem::path& folder);

/// Removes caches until those in the folder take at most `limitBytes`, and files that a killed writer left
/// behind. All files whose names begin with one key (a memory with its episodes, passages) count and go
/// together, those that were not used for longest first, and never those of the key `inUse`. Safe while an
/// engine works: a cache that is missing is built again. What was removed; kIo names a file that cannot be,
/// once all others are gone.
Result<FolderUse> trimCacheFolder(const std::filesystem::path& folder,
                                  std::int64_t limitBytes,
                                  const std::string& inUse = {});

/// Removes all files whose names begin like one of these keys: of a memory or one of its episodes, whose
/// files come and go together, or of a conversation (core/format/cache_key.h). What was removed;
/// kInvalidArgument for what is no key; kIo names a file that cannot be removed, once all others are gone.
Result<FolderUse> removeCaches(const std::filesystem::path& folder, std::span<const std::string> keys);

}  // namespace epi
