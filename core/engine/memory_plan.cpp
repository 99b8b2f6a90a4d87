#include "core/engine/memory_plan.h"

#include <algorithm>
#include <array>

#include "core/format/cache_key.h"
#include "core/policy/score.h"
#include "core/wire/options_json.h"

namespace epi {
namespace {

constexpr std::int64_t kSmallestAutoBudget = 1024;
constexpr std::int64_t kLargestAutoBudget = 4096;
constexpr std::int64_t kAutoBudgetStep = 256;
constexpr std::int64_t kSmallestChoice = 512;  // of an automatic budget, for what a score decides about
constexpr std::int32_t kBlockOnGpu = 4096;
constexpr std::int32_t kBlockOnCpu = 1024;
constexpr std::int32_t kLargestTail = 2048;

Result<void> checkRange(const char* what, std::int64_t value, std::int64_t min, std::int64_t max) {
    if (value >= min && value <= max) return {};
    return Error{ErrorCode::kInvalidArgument,
                 std::string(what) + " is " + std::to_string(value) + ", " + std::to_string(min) + " to " +
                     std::to_string(max) + " is expected"};
}

/// Of two cosines, or one.
Result<void> checkSimilarity(const char* what, double value) {
    if (value >= 0.0 && value <= 2.0) return {};
    return Error{ErrorCode::kInvalidArgument,
                 std::string(what) + " is " + std::to_string(value) + ", 0 to 2 is expected"};
}

std::int64_t roundedUp(std::int64_t budget) {
    return (budget + kAutoBudgetStep - 1) / kAutoBudgetStep * kAutoBudgetStep;
}

/// The chat prefix is counted also where it is not pinned: it is what a chat begins with.
std::int64_t automaticBudget(const HistorySize& size, const Pins& pins) {
    const std::int64_t quarter =
        std::clamp(roundedUp(size.tokens / 4), kSmallestAutoBudget, kLargestAutoBudget);
    const std::int64_t stays =
        std::max<std::int64_t>(pins.sinks, size.prefixTokens) + pins.recent + size.pinnedTokens;
    return std::max(quarter, roundedUp(stays + kSmallestChoice));
}

}  // namespace

Result<ResolvedOptions> resolveOptions(const MemoryOptions& options, const HistorySize& size, bool isOnGpu) {
    ResolvedOptions resolved{.options = options};
    EPI_TRY_ASSIGN(resolved.preset, presetById(options.preset));
    EPI_TRY(checkRange("budget", options.budget, 0, 1 << 24));
    EPI_TRY(checkRange("block", options.block, 0, 1 << 20));
    EPI_TRY(checkRange("episodes", options.episodes, 0, 64));
    EPI_TRY(checkRange("segment utterances", options.segmentUtterances, 1, 1024));
    EPI_TRY(checkRange("representatives", options.representatives, 1, 1024));
    EPI_TRY(checkRange("patch tokens", options.patchTokens, 16, 1 << 16));
    EPI_TRY(checkSimilarity("union margin", options.online.unionMargin));
    EPI_TRY(checkSimilarity("similarity below which a new episode begins", options.online.newEpisodeBelow));
    EPI_TRY(checkRange("recalled tokens", options.online.recallTokens.value_or(0), 0, 1 << 16));
    MemoryOptions& chosen = resolved.options;
    chosen.online.recallTokens = recallTokens(resolved);
    std::ranges::sort(chosen.pinnedTurns);
    const Pins& pins = resolved.preset.pins;
    if (chosen.budget == 0) chosen.budget = static_cast<std::int32_t>(automaticBudget(size, pins));
    // Without a turn there is nothing to cluster. A prefix that is pinned is refused with its length instead.
    if (size.tokens <= size.prefixTokens && !pins.chatPrefix)
        chosen.budget = std::max(chosen.budget, static_cast<std::int32_t>(size.tokens));
    if (chosen.block == 0) chosen.block = isOnGpu ? kBlockOnGpu : kBlockOnCpu;
    resolved.level = chosen.level.value_or(resolved.preset.level);
    chosen.level = resolved.level;
    resolved.score = options.score.empty() ? std::string(resolved.preset.score) : options.score;
    EPI_TRY(Score::bind(resolved.score));
    resolved.headFloor = options.headFloor.value_or(resolved.preset.headFloor);
    if (!(resolved.headFloor >= 0.0 && resolved.headFloor <= 1.0)) {
        return Error{
            ErrorCode::kInvalidArgument,
            "head floor is " + std::to_string(resolved.headFloor) + ", a share from 0 to 1 is expected"};
    }
    resolved.isDense = size.tokens <= chosen.budget;
    return resolved;
}

std::int32_t tailRows(const ResolvedOptions& resolved) {
    return std::min(resolved.options.block, kLargestTail);
}

std::int32_t recallTokens(const ResolvedOptions& resolved) {
    return resolved.options.online.recallTokens.value_or(resolved.preset.recallTokens);
}

std::string memoryKey(const MemoryIdentity& identity,
                      const ResolvedOptions& resolved,
                      std::span<const std::int32_t> layerBudgets,
                      std::span<const TokenId> history) {
    const std::string options = toJsonText(withoutOnline(resolved.options));
    const std::string_view layout = name(identity.layout);
    const auto bytes = [](std::string_view text) {
        return std::as_bytes(std::span(text));
    };
    const std::array fields{CacheKeyField{"model", bytes(identity.model)},
                            CacheKeyField{"embedder", bytes(identity.embedder)},
                            CacheKeyField{"precision", bytes(identity.precision)},
                            CacheKeyField{"layout", bytes(layout)},
                            CacheKeyField{"prompts", bytes(identity.prompts)},
                            CacheKeyField{"conversation", bytes(identity.conversation)},
                            CacheKeyField{"options", bytes(options)},
                            CacheKeyField{"score", bytes(resolved.score)},
                            CacheKeyField{"budgets", std::as_bytes(layerBudgets)},
                            CacheKeyField{"history", std::as_bytes(history)}};
    return cacheKey(identity.uid, fields);
}

std::string episodeKey(const std::string& memoryKey, std::int32_t episode) {
    return memoryKey + "-" + std::to_string(episode);
}

}  // namespace epi
