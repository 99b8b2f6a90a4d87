#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "core/engine/notice.h"
#include "core/engine/options.h"
#include "core/recall/quotation.h"

namespace epi {

inline constexpr std::int32_t kProtocolVersion = 3;

struct ModelSummary {
    std::string id;
    std::string title;
    std::string path;
    std::int64_t sizeBytes = 0;
    bool isPresent = false;
};

/// First event of an engine.
struct Hello {
    std::int32_t protocol = kProtocolVersion;
    std::string version;
    bool hasCuda = false;
    std::string device;           // "NVIDIA H200" or "CPU, 2 threads"
    std::vector<Notice> notices;  // why CUDA is not used; empty when it is
    std::vector<ModelSummary> models;
    std::int32_t threads = 0;  // that compute, where `device` is the CPU
};

struct ModelLoaded {
    std::string title;
    std::string path;
    std::string architecture;
    std::string device;
    std::int32_t layers = 0;
    std::int32_t kvHeads = 0;
    std::int32_t trainedContext = 0;
    std::int64_t weightBytes = 0;  // as held in memory
    std::vector<Notice> notices;   // e.g. why this model or device was chosen
    /// Of all that answers depend on besides a history and its options: the files of model and embedder, chat
    /// template, texts around a history, layer profile, device and compute mode.
    std::string identity;
    std::int32_t threads = 0;  // that compute, where `device` is the CPU
};

struct Synced {
    std::int64_t turns = 0;
    std::int64_t tokens = 0;
};

/// How far a job is. Unknown totals are 0.
struct Progress {
    std::string phase;  // "loading", "embedding", "clustering", "reading", "matching", "answering"; of other
                        // work "checking", "downloading"
    std::int64_t done = 0;
    std::int64_t total = 0;
    std::string unit;           // "tokens", "segments", "bytes", "questions"
    std::int32_t episode = -1;  // being built; -1 without
    std::int32_t episodes = 0;  // of the memory; without `episode` one cache is built that serves them all
    double perSecond = 0.0;
};

struct EpisodeSummary {
    std::int32_t index = 0;
    std::int64_t segments = 0;
    std::vector<std::int64_t> turnIds;         // turns of its segments, ascending in the history
    std::vector<std::string> representatives;  // texts of the representative segments, in time order
    std::int64_t keptEntries = 0;              // over all layers and heads
    std::string cacheKey;  // equal for all episodes of a memory whose score looks at none of them
    std::string name;      // its most distinctive words
};

struct MemoryBuilt {
    std::string conversation;
    MemoryOptions memory;  // with every "auto" replaced by what was used
    std::int64_t historyTokens = 0;
    std::vector<EpisodeSummary> episodes;
    std::vector<std::int32_t> layerBudgets;  // M_l
    std::int64_t peakEntriesPerHead = 0;     // largest number of rows allocated for one layer and head
    std::int64_t peakEntriesBound = 0;       // M_l + block + patched prompt + what may be quoted
    std::int64_t peakBytes = 0;              // of all KV memory, as allocated
    std::int64_t readTokens = 0;    // tokens run through the model for this build; 0 when all was on disk
    std::int64_t pinnedTokens = 0;  // of pinned turns, in each layer and head
    bool pastTrainedContext = false;
    double seconds = 0.0;
    std::vector<Notice> notices;  // e.g. that caches could not be written
    std::string
        positions;  // of the entries: "kept", or "reindexed" because the history passes the trained context
    /// Id of the last turn that its caches were built of; 0 without one. Episodes that were regrouped since
    /// have later turns, too, and a change of those alone builds nothing anew.
    std::int64_t lastTurn = 0;
};

/// Where the engine's episode caches are, since it was started.
struct Residency {
    std::int64_t deviceBytes = 0;  // of the caches that are ready to be asked
    std::int64_t deviceLimit = 0;
    std::int64_t memoryBytes = 0;  // of copies in ordinary memory
    std::int64_t hits = 0;         // the episode was on the device
    std::int64_t faults = 0;
    std::int64_t evictions = 0;  // from the device
    std::int64_t lruFaults = 0;  // that an LRU cache would have had
    bool followsLru = false;     // because the predictions were worse
    std::int64_t diskFaults = 0;
    std::int64_t rebuilds = 0;  // faults whose files were missing or damaged
};

/// What one episode keeps. `retainedShare[i]` is the share of (layer, KV head) sets that keep history token
/// i, in 1/255ths; sliding-window layers do not count.
struct Trace {
    std::string conversation;
    std::int32_t episode = 0;
    std::int64_t historyTokens = 0;
    std::vector<std::int32_t> layerBudgets;
    std::vector<std::vector<std::int32_t>> keptPerHead;  // [layer][kvHead]
    std::vector<std::uint8_t> retainedShare;             // [historyTokens]
    struct TurnTokens {
        std::int64_t turnId = 0;
        std::int64_t firstToken = 0;
        std::vector<std::int32_t>
            byteEnds;  // per token of the turn's text: where it ends in Turn::text, in bytes
    };
    std::vector<TurnTokens> turns;
    std::vector<std::string> tiers;      // of all episodes before this was asked: "device", "memory", "disk"
    std::vector<std::int32_t> expected;  // episodes that are expected to be asked next
    Residency residency;
};

struct TokenDelta {
    std::string text;  // whole characters only
};

struct TurnStatistics {
    std::int64_t promptTokens = 0;  // of the question and what is quoted before it, read now
    std::int64_t readTokens = 0;    // besides: turns that this cache had not read, a build
    std::int64_t generatedTokens = 0;
    double firstTokenSeconds = 0.0;  // from the command to the first token
    double promptSeconds = 0.0;
    double decodeSeconds = 0.0;
    double switchSeconds = 0.0;  // until the episode's cache was ready on the device
};

struct TurnDone {
    std::string text;
    std::string reason;  // "end", "length", "room", "stop", "cancelled"
    std::int32_t episode = 0;
    std::vector<double> similarities;  // cosine to each episode
    std::int64_t keptTokens = 0;       // mean entries per layer and KV head in the cache that answered
    std::int64_t historyTokens = 0;
    bool pastTrainedContext = false;
    TurnStatistics statistics;
    std::int64_t usedTokens = 0;  // keptTokens with the turn itself
    std::int64_t roomTokens = 0;  // that fit behind them before older ones are evicted
    double margin = 0.0;          // by how much the best similarity exceeds the second; 0 with one episode
    std::string tier;             // where the episode's cache was: "device", "memory", "disk", "rebuilt"
    std::string positions;        // of the entries: "kept", or "reindexed"
    std::vector<std::int32_t> episodes;  // those that were attended together, `episode` first
    std::int64_t unionBytes = 0;         // of the cache that held two together, as allocated
    Residency residency;
    std::vector<Notice> notices;            // e.g. that a cache could not be written
    std::vector<QuotedPassage> quoted;      // before the question, in the order of the history
    std::int64_t quotedTokens = 0;          // with dates and the words around them
    std::vector<std::int64_t> pinnedTurns;  // that the memory was built to keep whole
    /// The episodes are others than those of the last MemoryBuilt; true of the first answer of an engine,
    /// too, where the memory has episodes.
    bool isRegrouped = false;
};

struct EvalAnswer {
    std::int64_t questionId = 0;
    std::string text;
    std::int32_t episode = 0;
    double similarity = 0.0;
    double seconds = 0.0;
    std::optional<double> likelihood{};  // mean ln p per token of the expected answer
};
struct EvalDone {
    std::int64_t answered = 0;
};
struct Released {
    std::int64_t files = 0;
    std::int64_t bytes = 0;
};

/// Mean cosine between the keys of a layer with and without the bounded view: 1, not sensitive.
struct LayersProfiled {
    std::int64_t tokens = 0;
    std::vector<double> tokenSimilarity;   // [layers]
    std::vector<double> windowSimilarity;  // [layers], over vectors of 100 tokens
    double seconds = 0.0;
};

/// Ends a job that could not be done. A cancelled job ends with code kCancelled.
struct Failed {
    Error error;
};

/// The engine process is gone (crash, kill, lost connection). Made by RemoteEngine, never sent over the wire;
/// every open job gets its Failed first.
struct EngineLost {
    std::string reason;
    bool isRestarting = false;
};

using Event = std::variant<Hello,
                           ModelLoaded,
                           Synced,
                           Progress,
                           MemoryBuilt,
                           Trace,
                           TokenDelta,
                           TurnDone,
                           EvalAnswer,
                           EvalDone,
                           Released,
                           LayersProfiled,
                           Failed,
                           EngineLost>;

/// Whether this event is the last of its job. Every job ends in exactly one such event.
bool isTerminal(const Event& event);

}  // namespace epi
