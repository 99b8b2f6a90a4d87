#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace epi {

enum class DeviceChoice { kAuto, kCpu, kCuda };
/// kExact: fp32 weights, activations and caches, the mode of goldens and parity. kFast: bf16 on a GPU; on a
/// CPU the file's quantised weights with activations in int8 and a cache in fp16.
enum class ComputeMode { kExact, kFast };
/// How a layer's budget is shared by its KV heads: kPair, the best M_l*H entries of all heads together;
/// kPairUniform, the best M_l of each head.
enum class BudgetLevel { kPair, kPairUniform };
/// How keys and values are held in cache files: as they were computed, or smaller (keys scaled per channel,
/// values per token) and then used as they are read back.
enum class CacheCodec { kExact, kBf16, kInt8, kInt4 };

/// Which positions kept entries have. kKeep: those they were read at, however long the history is. kAuto: the
/// same until the history passes what the model was trained on; from there on they are counted anew over what
/// is kept.
enum class PositionMode { kKeep, kAuto };

std::string_view name(DeviceChoice value);
std::string_view name(ComputeMode value);
std::string_view name(BudgetLevel value);
std::string_view name(CacheCodec value);
std::string_view name(PositionMode value);
Result<DeviceChoice> deviceChoiceFromName(std::string_view text);
Result<ComputeMode> computeModeFromName(std::string_view text);
Result<BudgetLevel> budgetLevelFromName(std::string_view text);
Result<CacheCodec> cacheCodecFromName(std::string_view text);
Result<PositionMode> positionModeFromName(std::string_view text);

/// How a memory is used and grows. Nothing of it changes what is built.
struct OnlineOptions {
    /// A question whose two best episodes differ in similarity by less is answered from both together; 0:
    /// never.
    double unionMargin = 0.0;
    /// A question to be remembered that is less similar to every episode begins a new one; 0: never.
    double newEpisodeBelow = 0.0;
    /// Tokens of earlier turns that are quoted before a question, the words around them included; 0: none.
    /// Default: the preset's.
    std::optional<std::int32_t> recallTokens{};

    bool operator==(const OnlineOptions&) const = default;
};

/// How the memory of a conversation is built. Zero means "choose for me" where a field says auto.
struct MemoryOptions {
    std::string preset = "epichat";  // see core/policy/preset.h
    std::int32_t budget = 0;         // M, mean entries per layer and KV head; auto: from the history's length
    std::int32_t block = 0;          // tokens per prefill block; auto: 4096 on a GPU, 1024 on a CPU
    std::int32_t episodes = 4;       // E, clamped to the number of segments; auto: by silhouette
    std::optional<BudgetLevel> level;  // default: the preset's
    std::int32_t segmentUtterances = 4;
    std::int32_t representatives = 8;  // segments per patched prompt
    std::int32_t patchTokens = 1024;   // patched prompts are cut to this length
    std::uint64_t seed = 42;           // of the clustering
    std::string score;  // what an entry is worth (core/policy/score_recipe.h); default: the preset's
    std::optional<double> headFloor;  // share of M_l that each head keeps at least; default: the preset's
    CacheCodec codec = CacheCodec::kExact;
    PositionMode positions = PositionMode::kAuto;
    /// Ids of turns of which every cache keeps every token; they count towards the budget.
    std::vector<std::int64_t> pinnedTurns{};
    OnlineOptions online{};

    bool operator==(const MemoryOptions&) const = default;
};

/// The options that decide what is built.
MemoryOptions withoutOnline(MemoryOptions options);

/// The options with this preset as it is: what replaced another's score, level, head floor and quotations is
/// gone.
MemoryOptions withPreset(MemoryOptions options, std::string preset);

/// How tokens are drawn. temperature 0 is greedy.
struct SamplingOptions {
    double temperature = 0.0;
    std::int32_t topK = 0;           // 0: off
    double topP = 1.0;               // 1: off
    double minP = 0.0;               // 0: off
    double repetitionPenalty = 1.0;  // 1: off
    std::uint64_t seed = 0;
    std::int32_t maxTokens = 512;
    std::vector<std::string> stop;  // texts that end the reply; they are not part of it

    bool operator==(const SamplingOptions&) const = default;
};

}  // namespace epi
