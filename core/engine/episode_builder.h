#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/cancel_token.h"
#include "core/engine/conversation_memory.h"
#include "core/policy/probe_eviction.h"
#include "core/wire/messages.h"

namespace epi {

class LanguageModel;
class TextEmbedder;
struct LayerProfile;

/// A part of a build that is over: "embedding", "clustering"; "shared", the blocks that all episodes have in
/// common; "sharing", a copy of these, made or taken; "reading", the rest of an episode; "transfer", its
/// cache to ordinary memory; "saving", what the build waited for its file; "writing", what that file took,
/// most of it beside the next episode's reading.
struct BuildStage {
    std::string_view name;
    double seconds = 0.0;
    std::int64_t tokens = 0;  // that were read
};

/// What a build needs from the engine.
struct BuildContext {
    const LanguageModel& model;
    const TextEmbedder* embedder;  // null: no episodes, one cache for the whole history
    std::shared_ptr<const ChatTemplate> chatTemplate;
    const LayerProfile* profile;  // of this model; null: all layers get the same
    const Wording& wording;
    std::filesystem::path cacheFolder;
    std::function<void(const Progress&)> progress;
    std::function<void(const std::string& notice)> notice;  // why something is in no file
    CancelToken cancel;
    /// Is shown every cache that was read, with whether a file holds it.
    std::function<void(const std::string& episodeKey, const KvSnapshot& snapshot, bool isSaved)> built = {};
    /// Is told what each part took. Nothing waits for the device that would not have done so at once.
    std::function<void(const BuildStage& stage)> timed = {};
};

/// Peak of a build or an answer, as allocated.
struct MemoryPeak {
    std::int64_t entriesPerHead = 0;
    std::int64_t entriesBound = 0;
    std::int64_t bytes = 0;  // of the cache and its scratch
    /// What `bytes` would be if a build read every block through all layers before it cut the first.
    std::int64_t twoPassBytes = 0;
    std::int64_t hostBytes = 0;  // of copies beside it, in ordinary memory
};

/// Builds the memory of a conversation (EpiCache stages 1 and 2), or finds it on disk: segments, embeddings,
/// clusters, patched prompts, then one block prefill per episode. The file of a finished episode is written
/// while the next one is read, and is there before that is finished, and before the build ends in any way:
/// one that was cancelled goes on with the next episode, one that was killed loses at most the file that was
/// being written, and what the episode at hand had read (in one pass: all of them). A cache that cannot be
/// written is told as a notice. kNotFound without an embedder.
Result<BuiltMemory> buildMemory(const BuildContext& context,
                                const Conversation& conversation,
                                const MemoryOptions& options,
                                MemoryPeak& peak);

/// Reads one episode of a memory again whose cache was lost; its state is that of a built one afterwards. The
/// tokens are added to the memory's readTokens.
Result<KvSnapshot> rebuildEpisode(const BuildContext& context,
                                  const Conversation& conversation,
                                  BuiltMemory& memory,
                                  std::int32_t episode,
                                  MemoryPeak& peak);

/// The memory on disk that covers the longest beginning of this history, when there is one: nothing is
/// embedded or read, no cache is checked yet. Later turns are read when an episode is next asked.
std::optional<BuiltMemory> findMemory(const BuildContext& context,
                                      const Conversation& conversation,
                                      const MemoryOptions& options);

/// Where the pinned turns of a memory lie.
std::vector<OriginRange> pinnedRanges(const MemoryOptions& options, const HistoryTokens& history);

/// How a cache of this memory evicts.
EvictionRule evictionRule(const BuiltMemory& memory, const HistoryTokens& history);

/// Rows of a cache behind budget and tail: as many tokens may be quoted before a question. A dense memory
/// holds everything anyway.
std::int64_t quotedRows(const BuiltMemory& memory);

/// A cache with room for this memory's budgets, a tail for new turns, a question and its answer, and what is
/// quoted before the question. kOutOfMemory tells what is needed, what is free and what would fit.
Result<KvCache> makeCache(const LanguageModel& model, const BuiltMemory& memory, MemoryPeak& peak);

/// The same with so many rows as a tail.
Result<KvCache> makeCache(const LanguageModel& model,
                          const BuiltMemory& memory,
                          std::int64_t tail,
                          MemoryPeak& peak);

/// What makeCache allocates, in bytes.
std::int64_t cacheBytes(const LanguageModel& model, const BuiltMemory& memory);

}  // namespace epi
