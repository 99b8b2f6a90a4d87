#include "core/policy/preset.h"

#include <array>
#include <string>

namespace epi {
namespace {

constexpr Pins kSafePins{.chatPrefix = true, .sinks = 4, .recent = 64};

constexpr std::array kPresets{
    MemoryPreset{
        .id = "epichat",
        .summary =
            "What measured best: keys unlike their head's mean stay, the same number in every head; one "
            "cache for all episodes; chat prefix, 4 sinks and the last 64 tokens stay; up to 1,024 tokens of "
            "earlier turns are quoted before a question",
        .score = "keydiff",
        .level = BudgetLevel::kPairUniform,
        .pins = kSafePins,
        .recallTokens = 1024,
    },
    MemoryPreset{
        .id = "epicache",
        .summary = "EpiCache made safe: chat prefix, 4 sinks and the last 64 tokens stay; cosine of the bare "
                   "question",
        .layers = {.rule = LayerSplit::Rule::kPaper, .power = 2.0, .floor = 0.25},
        .pins = kSafePins,
    },
    MemoryPreset{
        .id = "epicache-paper",
        .summary =
            "EpiCache as its paper has it: layer budgets by sensitivity, nothing is pinned, dot product "
            "of the formatted question",
        .layers = {.rule = LayerSplit::Rule::kPaper, .power = 2.0},
        .similarity = Similarity::kRawDot,
        .matchFormattedQuestion = true,
    },
    MemoryPreset{
        .id = "epicache-released",
        .summary =
            "EpiCache as its authors released it: nothing is pinned; dot product of the formatted question",
        .layers = {.rule = LayerSplit::Rule::kReleased, .power = 1.1},
        .promptAtLastPosition = true,
        .similarity = Similarity::kRawDot,
        .matchFormattedQuestion = true,
    },
    MemoryPreset{
        .id = "epicache-onepass",
        .summary =
            "Like epicache, but the history is computed once for all episodes, behind a cache that keydiff "
            "cuts; each episode then decides what it keeps: faster, and no published method",
        .layers = {.rule = LayerSplit::Rule::kPaper, .power = 2.0, .floor = 0.25},
        .pins = kSafePins,
        .trunk = "keydiff",
    },
    MemoryPreset{
        .id = "keydiff",
        .summary = "KeyDiff: keys unlike their head's mean stay; one cache for all episodes",
        .score = "keydiff",
        .level = BudgetLevel::kPairUniform,
        .pins = {.chatPrefix = true},
    },
    MemoryPreset{
        .id = "kvzip",
        .summary =
            "KVzip, block by block: what is needed to repeat the block stays; one cache for all episodes",
        .score = "kvzip",
        .level = BudgetLevel::kPairUniform,
        .pins = {.chatPrefix = true},
    },
    MemoryPreset{
        .id = "streaming",
        .summary = "StreamingLLM: chat prefix, 4 sinks and the newest entries; one cache for all episodes",
        .score = "recency",
        .level = BudgetLevel::kPairUniform,
        .pins = {.chatPrefix = true, .sinks = 4},
    },
    MemoryPreset{
        .id = "snapkv",
        .summary = "SnapKV: what the last 64 tokens of a block look at stays; one cache for all episodes",
        .score = "snapkv",
        .level = BudgetLevel::kPairUniform,
        .pins = {.chatPrefix = true, .recent = 64},
    },
};

}  // namespace

std::span<const MemoryPreset> allPresets() {
    return kPresets;
}

Result<MemoryPreset> presetById(std::string_view id) {
    std::string known;
    for (const MemoryPreset& preset : kPresets) {
        if (preset.id == id) return preset;
        known += (known.empty() ? "" : ", ") + std::string(preset.id);
    }
    return Error{ErrorCode::kInvalidArgument,
                 "unknown preset '" + std::string(id) + "', expected one of " + known};
}

}  // namespace epi
