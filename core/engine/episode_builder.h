#pragma once

#include <filesystem>
#include <functional>

#include "core/base/cancel_token.h"
#include "core/engine/conversation_memory.h"
#include "core/policy/probe_eviction.h"
#include "core/wire/messages.h"

namespace epi {

class LanguageModel;
class TextEmbedder;
struct LayerProfile;

/// What a build needs from the engine.
struct BuildContext {
    const LanguageModel& model;
    const TextEmbedder* embedder;  // null: no episodes, one cache for the whole history
    std::shared_ptr<const ChatTemplate> chatTemplate;
    const LayerProfile* profile;  // of this model; null: all layers get the same
    const Wording& wording;
    std::filesystem::path cacheFolder;
    std::function<void(const Progress&)> progress;
    CancelToken cancel;
};

/// Peak of a build or an answer, as allocated.
struct MemoryPeak {
    std::int64_t entriesPerHead = 0;
    std::int64_t entriesBound = 0;
    std::int64_t bytes = 0;
};

/// Builds the memory of a conversation (EpiCache stages 1 and 2), or finds it on disk: segments, embeddings,
/// clusters, patched prompts, then one block prefill per episode. Every finished episode is on disk at once,
/// so that a build that was cancelled or killed goes on with the next one. kNotFound without an embedder.
Result<BuiltMemory> buildMemory(const BuildContext& context,
                                const Conversation& conversation,
                                const MemoryOptions& options,
                                MemoryPeak& peak);

/// The memory on disk that covers the longest beginning of this history, when there is one: nothing is
/// embedded or read. Later turns are read when an episode is next asked.
std::optional<BuiltMemory> findMemory(const BuildContext& context,
                                      const Conversation& conversation,
                                      const MemoryOptions& options);

/// How a cache of this memory evicts.
EvictionRule evictionRule(const BuiltMemory& memory, const HistoryTokens& history);

/// A cache with room for this memory's budgets and a tail for new turns, a question and its answer, which is
/// no longer than one block and one patched prompt.
KvCache makeCache(const LanguageModel& model, const BuiltMemory& memory, MemoryPeak& peak);

}  // namespace epi
