#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/base/result.h"
#include "core/engine/conversation_memory.h"
#include "core/model/model_spec.h"

namespace epi {

/// Episode caches and what is known of their episodes, as checked files in one folder. A file is used only
/// where the reader computes the same key; anything doubtful is an error and the caller builds anew.

/// Everything of a memory but the caches.
Result<void> saveMemoryIndex(const std::filesystem::path& folder, const BuiltMemory& memory);
/// Fills episodes, prompts and counts of `memory`, whose key is set. kNotFound when there is none.
Result<void> loadMemoryIndex(const std::filesystem::path& folder, BuiltMemory& memory);

Result<void> saveSnapshot(const std::filesystem::path& folder,
                          const std::string& key,
                          const KvSnapshot& snapshot);
/// kNotFound when there is none; checked against the model's shape.
Result<std::shared_ptr<const KvSnapshot>> loadSnapshot(const std::filesystem::path& folder,
                                                       const std::string& key,
                                                       const ModelSpec& spec);

struct RemovedFiles {
    std::int64_t files = 0;
    std::int64_t bytes = 0;
};
/// Removes the index and the caches of a memory, given the key of the memory or of one of its episodes.
/// kInvalidArgument when it is no key.
Result<RemovedFiles> removeMemory(const std::filesystem::path& folder, const std::string& key);

}  // namespace epi
