#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/generation.h"
#include "core/engine/options.h"
#include "core/text/tokenizer.h"

namespace epi {

class LanguageModel;

/// Summary of one row of logits.
struct LogitsRow {
    double logSumExp = 0.0;
    double mean = 0.0;
    double standardDeviation = 0.0;                // of the population
    std::vector<std::pair<TokenId, float>> top;    // the 32 largest, descending
    std::vector<std::pair<TokenId, float>> probe;  // at the ids asked for
};

struct LogitsReport {
    std::vector<LogitsRow> positions;        // of the last positions asked for
    std::vector<double> nextLogProbability;  // ln p(ids[i + 1] | ids[0..i])
};

/// Runs `ids` through the model with full attention. `last` rows are summarised.
Result<LogitsReport> reportLogits(const LanguageModel& model,
                                  std::span<const TokenId> ids,
                                  std::int64_t last,
                                  std::span<const TokenId> probe);

/// Answers a prompt with full attention and nothing remembered.
Result<Generation> generateOnce(const LanguageModel& model, const GenerationRequest& request);

/// A block prefill with eviction over given tokens: what `memory evict` runs and goldens are compared with.
struct EvictionReplay {
    std::vector<TokenId> ids;
    std::vector<TokenId> prompt;  // patched prompt; for a score that repeats blocks, what asks for it
    std::int64_t prefixTokens = 0;
    std::int64_t budget = 0;
    std::int64_t block = 0;
    std::string preset = "epicache";
    std::optional<BudgetLevel> level;
    std::string score;                       // instead of the preset's
    std::optional<double> headFloor;         // instead of the preset's
    std::vector<std::int32_t> layerBudgets;  // instead of the same budget in every layer
    std::vector<TokenId> question;           // empty: none
};

struct EvictionReplayBlock {
    std::vector<std::vector<std::vector<std::int32_t>>> kept;  // [layer][kvHead] original positions
    std::vector<std::vector<float>> thresholdKept;  // [layer][1 or kvHeads]; empty: nothing was scored
    std::vector<std::vector<float>> thresholdDropped;
};

struct EvictionReplayReport {
    std::vector<EvictionReplayBlock> blocks;
    std::vector<std::int32_t> layerBudgets;
    std::int64_t peakEntriesPerHead = 0;
    std::int64_t peakEntriesBound = 0;
    std::optional<LogitsRow> answer;  // after the question
    Generation greedy;                // 16 tokens after the question; an end token does not stop it
};

Result<EvictionReplayReport> replayEviction(const LanguageModel& model, const EvictionReplay& replay);

}  // namespace epi
