#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/chat/history.h"
#include "core/engine/options.h"
#include "core/episode/episode_map.h"
#include "core/policy/preset.h"

namespace epi {

/// How long a history is, and what of it stays whatever the budget is.
struct HistorySize {
    std::int64_t tokens = 0;
    std::int64_t prefixTokens = 0;  // before the first turn, a system prompt among them
    std::int64_t pinnedTokens = 0;  // of messages that the user pinned
};

/// Memory options with every "auto" replaced, for one history and one device.
struct ResolvedOptions {
    MemoryOptions options;
    MemoryPreset preset;
    BudgetLevel level = BudgetLevel::kPair;
    std::string score;       // recipe
    double headFloor = 0.0;  // share of a layer's budget
    /// The whole history fits: nothing is clustered or evicted, one dense cache holds it. Only for the answer
    /// to a question that is longer than the room is it cut, and dropped afterwards.
    bool isDense = false;
};

/// Defaults: M = min(4096, a quarter of the history rounded up to 256), at least 1024, and 512 more than what
/// always stays; block 4096 on a GPU, 1024 on a CPU. kInvalidArgument names an option out of its range.
Result<ResolvedOptions> resolveOptions(const MemoryOptions& options, const HistorySize& size, bool isOnGpu);

/// Rows of a chat's cache behind its budget, for turns, a question and its reply: a block, and 2048 at most.
/// Turns that do not fit are read in blocks of as many rows, each cut to the budget.
std::int32_t tailRows(const ResolvedOptions& resolved);

/// Tokens that may be quoted before a question.
std::int32_t recallTokens(const ResolvedOptions& resolved);

/// What names the content of episode caches: conversation, model, embedder and history.
struct MemoryIdentity {
    std::string model;      // fingerprint
    std::string embedder;   // fingerprint; empty for a dense memory
    std::string precision;  // type of keys and values
    HistoryLayout layout = HistoryLayout::kChat;
    std::string prompts;  // wording of the prompts that are not part of the history
    /// Two that begin alike share nothing: what is said later in one must never be heard in the other.
    std::string conversation{};
    std::string uid{};  // of the conversation
};

/// Key of the memory as a whole (its episodes and their prompts): it can be computed without embedding
/// anything.
std::string memoryKey(const MemoryIdentity& identity,
                      const ResolvedOptions& resolved,
                      std::span<const std::int32_t> layerBudgets,
                      std::span<const TokenId> history);

/// Key of one episode's cache inside a memory.
std::string episodeKey(const std::string& memoryKey, std::int32_t episode);

}  // namespace epi
