#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/history.h"
#include "core/engine/memory_plan.h"
#include "core/kv/kv_cache.h"

namespace epi {

/// One episode of a built memory.
struct EpisodeMemory {
    Episode episode;
    std::vector<std::string> representatives;  // their texts, in time order
    std::vector<std::int64_t> turnIds;         // of its segments, ascending in the history
    std::string name;                          // its most distinctive words
    std::vector<TokenId> prompt;               // patched prompt; empty in a dense memory
    std::shared_ptr<const KvSnapshot> base;    // as built, over the first `builtTurns` turns
    /// The same with turns that were appended since, and how many turns of the history it holds.
    std::shared_ptr<const KvSnapshot> current;
    std::int64_t coveredTurns = 0;
    bool isReplyOpen = false;  // ends inside an assistant turn whose closing text is not in the cache yet
};

/// The memory of a conversation: its episodes' caches.
struct BuiltMemory {
    ResolvedOptions resolved;
    MemoryOptions requested;  // as asked for, "auto" included
    std::string key;
    std::int64_t builtTurns = 0;
    std::int64_t builtTokens = 0;
    std::vector<EpisodeMemory> episodes;
    std::vector<std::int32_t> layerBudgets;
    std::vector<TokenId> repeatRequest;  // stands before a block that is repeated
    /// One cache serves all episodes: the score looks at none of them. It is the first one's.
    bool sharesCache = false;

    /// The episode whose cache answers for this one.
    [[nodiscard]] std::int32_t cacheOf(std::int32_t episode) const { return sharesCache ? 0 : episode; }
    std::int64_t readTokens = 0;  // run through the model for this build
    double seconds = 0.0;
};

/// What the engine knows of one conversation. Engine thread only.
struct Conversation {
    std::string name;
    ConversationText text;
    HistoryTokens history;
    std::optional<BuiltMemory> memory;
};

/// The one cache that lives on the device: an episode of a conversation, ready to be asked.
struct ActiveCache {
    std::string conversation;
    std::string memoryKey;
    std::int32_t episode = 0;
    std::unique_ptr<KvCache> cache;
    std::int64_t coveredTurns = 0;
    bool isReplyOpen = false;
    /// Question and answer that are in the cache, but not yet among the turns the caller has told: they count
    /// once the next turns of the history are these two, and are dropped otherwise.
    struct Unconfirmed {
        std::string question;
        std::string answer;
    };
    std::optional<Unconfirmed> unconfirmed;
};

}  // namespace epi
