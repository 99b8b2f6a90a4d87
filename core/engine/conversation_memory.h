#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/history.h"
#include "core/engine/memory_plan.h"
#include "core/engine/passage_index.h"
#include "core/episode/embedding_matrix.h"

namespace epi {

/// A place between two turns that an episode's cache can go back to.
struct TurnBoundary {
    std::int64_t turns = 0;          // of the history that the cache has read
    std::int64_t rows = 0;           // per head, read since the cache's last whole copy
    bool isReplyOpen = false;        // inside an assistant turn whose closing text is not in the cache yet
    std::string history;             // historyDigest of these turns
    std::vector<float> embedding{};  // of the turn that was added to this episode; empty: none was

    bool isSamePlace(const TurnBoundary& other) const {
        return turns == other.turns && rows == other.rows && isReplyOpen == other.isReplyOpen &&
               history == other.history;
    }
};

/// The mean of an episode's segments and turns, and how many they are.
struct StreamingCentroid {
    std::vector<float> mean;
    std::int64_t count = 0;
};

/// One episode of a built memory. Its cache lives in an EpisodeStore; here is what that cache holds.
struct EpisodeMemory {
    Episode episode;
    std::vector<std::string> representatives;  // their texts, in time order
    std::vector<std::int64_t> turnIds;         // of its segments, ascending in the history
    std::string name;                          // its most distinctive words
    std::vector<TokenId> prompt;               // patched prompt; empty in a dense memory
    /// Turns of the history when its segments were grouped, where that was after the build (see
    /// regroupAhead); those that were added by then are among the segments.
    std::int64_t groupedTurns = 0;
    std::int64_t copiedAt = 0;     // turns when its cache was taken from another episode; 0: its own as built
    std::int64_t keptEntries = 0;  // over all layers and heads, as built

    /// Ascending. The first is that of the cache's last whole copy, each later one adds rows to it; the last
    /// is where the cache stands. Never empty once the episode is built.
    std::vector<TurnBoundary> boundaries;
    StreamingCentroid wholeCentroid;  // before the embeddings of the boundaries
    std::uint64_t wholeIdentity = 0;  // of the file with the whole copy; 0: there is none
    std::int64_t builtTurns = 0;      // of the history when its cache was built
    bool isAdded = false;             // for a question after the build (see addEpisode)
    bool isReindexed = false;         // positions of the whole copy were counted anew
    bool isGrown = false;             // the whole copy was made after turns that came after the build
    bool isWholeUnsaved = false;
    bool areRowsUnsaved = false;
};

/// Counts the embeddings of all boundaries that lie in a history of `turns` turns as segments of the episode.
StreamingCentroid centroidAfter(const EpisodeMemory& episode, std::int64_t turns);

/// The memory of a conversation: its episodes.
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

    /// Turns that its episodes were made of.
    [[nodiscard]] std::int64_t groupedTurns() const {
        return std::max(builtTurns, episodes.empty() ? 0 : episodes.front().groupedTurns);
    }
    /// The episode whose cache answers for this one.
    [[nodiscard]] std::int32_t cacheOf(std::int32_t episode) const { return sharesCache ? 0 : episode; }
    std::int64_t readTokens = 0;  // run through the model for this memory and not told yet
    double seconds = 0.0;
};

/// Embeddings of the segments of a history, made ahead of the look whether its episodes still fit.
struct EmbeddedSegments {
    std::vector<std::string> texts;
    EmbeddingMatrix embeddings;      // a row for each text
    std::int64_t lookedAtTurns = 0;  // of the history at the last look
};

/// Which turns are in which episode of which memory.
struct Grouping {
    std::string memory;                              // its key
    std::vector<std::vector<std::int64_t>> turnIds;  // [episodes]

    bool operator==(const Grouping&) const = default;
};

/// What the engine knows of one conversation. Engine thread only.
struct Conversation {
    std::string name;
    std::string uid;  // its files are named by it
    ConversationText text;
    HistoryTokens history;
    bool isPartial = false;  // more of the text is to come
    std::optional<BuiltMemory> memory;
    std::optional<PassageIndex>
        passages;  // of an earlier state of the text; empty until something was quoted
    EmbeddedSegments segments;
    Grouping told;  // by the last MemoryBuilt; empty of a dense memory
};

}  // namespace epi
