#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/result.h"
#include "core/engine/conversation_memory.h"

namespace epi {

/// Everything of a memory but the caches, as a checked file. It is used only where the reader computes the
/// same key; anything doubtful is an error and the caller builds anew. The key knows words, not ids: `turns`
/// are those of the chat that asks, and the file has their places among them.
Result<void> saveMemoryIndex(const std::filesystem::path& folder,
                             const BuiltMemory& memory,
                             std::span<const Turn> turns);
/// Fills episodes, prompts and counts of `memory`, whose key is set. kNotFound when there is none.
Result<void> loadMemoryIndex(const std::filesystem::path& folder,
                             BuiltMemory& memory,
                             std::span<const Turn> turns);

/// How the episodes of a memory were grouped after its build, as a file beside the index: `turns` are the
/// whole history then.
Result<void> saveGroups(const std::filesystem::path& folder,
                        const BuiltMemory& memory,
                        std::span<const Turn> turns);
/// Takes that over where the history still begins so; otherwise the episodes stay as built.
void loadGroups(const std::filesystem::path& folder, BuiltMemory& memory, std::span<const Turn> turns);

/// An episode as JSON, all but its cache and its turns; false when a field is missing or of another type.
nlohmann::json describe(const EpisodeMemory& episode);
bool readEpisode(const nlohmann::json& json, EpisodeMemory& episode);

}  // namespace epi
