#include "core/policy/preset.h"

#include <array>
#include <string>

namespace epi {
namespace {

constexpr std::array kPresets{
    MemoryPreset{
        .id = "epicache",
        .summary = "EpiCache made safe: chat prefix, 4 sinks and the last 64 tokens stay; cosine of the bare "
                   "question",
        .level = BudgetLevel::kPair,
        .pins = {.chatPrefix = true, .sinks = 4, .recent = 64},
        .promptAtLastPosition = false,
        .similarity = Similarity::kCosine,
        .matchFormattedQuestion = false,
    },
    MemoryPreset{
        .id = "epicache-released",
        .summary =
            "EpiCache as its authors released it: nothing is pinned; dot product of the formatted question",
        .level = BudgetLevel::kPair,
        .pins = {},
        .promptAtLastPosition = true,
        .similarity = Similarity::kRawDot,
        .matchFormattedQuestion = true,
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
