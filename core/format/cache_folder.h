#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

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

/// The key for a conversation that goes on, but of which something was erased for good at this time (UTC
/// milliseconds): all that was written before goes. `key` is the conversation's; or that of its memory, which
/// holds nothing of it as it was built, and so far stays. File times are those of the engine's computer,
/// whose clock should go right.
std::string outdatedKey(std::string_view key, std::int64_t timeMs);

/// Whether files of this memory are among those that a key has removed.
bool releases(const std::string& key, const std::string& memoryKey);

/// Removes all files whose names begin like one of these keys: of a memory or one of its episodes, whose
/// files come and go together, or of a conversation (core/format/cache_key.h); and what an outdatedKey says.
/// What was removed; kInvalidArgument for what is no key; kIo names a file that cannot be removed, once all
/// others are gone.
Result<FolderUse> removeCaches(const std::filesystem::path& folder, std::span<const std::string> keys);

}  // namespace epi
