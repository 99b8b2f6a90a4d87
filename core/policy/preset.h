#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "core/engine/options.h"
#include "core/episode/episode_router.h"
#include "core/policy/layer_budgets.h"

namespace epi {

/// Entries that no eviction may take. They count towards the budget.
struct Pins {
    bool chatPrefix = false;  // the template text before the history
    std::int32_t sinks = 0;   // first positions of all
    std::int32_t recent = 0;  // last positions of all

    bool operator==(const Pins&) const = default;
};

/// A named way to build and use a memory.
struct MemoryPreset {
    std::string_view id;
    std::string_view summary;
    /// What an entry is worth, as parseScore reads it. Caches of episodes differ only by a score that looks
    /// at the episode's patched prompt; others share one cache.
    std::string_view score = "attention";
    BudgetLevel level = BudgetLevel::kPair;
    LayerSplit layers{};     // how the layers share, where a profile of the model is there
    double headFloor = 0.0;  // share of a layer's budget that each head keeps at least, with kPair
    Pins pins;
    /// Where the probes begin: at the position after the block, or (as released) again at its last one.
    bool promptAtLastPosition = false;
    Similarity similarity = Similarity::kCosine;
    /// Match the episode with the question as formatted for the model instead of the bare question.
    bool matchFormattedQuestion = false;
    /// Not empty: keys and values of the history are computed once for all episodes, behind a trunk cache
    /// that this score cuts, which needs no prompt; an episode only decides what it keeps of them.
    std::string_view trunk{};
    /// Of earlier turns quoted before a question, where the options do not say; 0: published methods quote
    /// nothing.
    std::int32_t recallTokens = 0;
};

std::span<const MemoryPreset> allPresets();

/// kInvalidArgument lists the known ones.
Result<MemoryPreset> presetById(std::string_view id);

}  // namespace epi
