#pragma once

// The comparisons of epichat-parity. Each prints what it found and returns whether that is within bounds.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/engine/options.h"
#include "core/model/language_model.h"

namespace epi {

inline constexpr double kMaxKeptDifference = 1e-3;  // share of kept entries, where scores are all but equal
inline constexpr double kMaxFastDifference = 0.05;  // the same in bf16, over tokens that no text has

/// What is compared, and how much of it.
struct Extent {
    std::vector<std::string> parts{
        "copies", "embeddings", "exact", "decoder", "replies", "reading", "eviction", "speed"};
    std::vector<std::size_t> decoderLengths{0, 37, 700, 3000};
    std::size_t decoderSteps = 96;
    std::vector<std::int64_t> replyRooms{40, 41, 200};
    std::int32_t replyTokens = 100;  // at most
    std::vector<const char*> scores{"attention", "keydiff", "kvzip"};
    std::size_t readTokens = 1300;
    std::size_t copiedLayers = 32;

    [[nodiscard]] bool has(std::string_view part) const {
        return std::ranges::find(parts, part) != parts.end();
    }
};

/// Two models of the same file, and which share of the kept entries may differ.
struct Sides {
    const LanguageModel& expected;
    const LanguageModel& found;
    double maxDifference;
};

/// Ordinary tokens in an order that no text has: the model need not like them, both sides must agree on them.
std::vector<TokenId> tokens(const LanguageModel& model, std::size_t count, std::uint64_t seed);

/// Embeddings of texts of 1 to 300 words by the encoder in this folder (a made-up one where it is empty) on
/// the CPU, on the GPU in fp32 and in fast mode.
Result<bool> compareEmbeddings(const std::string& folder);

/// Which entries stay of 1,200 tokens that are read in blocks of 256.
Result<bool> compareEviction(const Sides& sides, BudgetLevel level);

/// Histories read within working areas must leave what they leave where every layer has a block's rows, bit
/// for bit if the GPU computes the same twice; blocks that are computed before their probes all but that.
Result<bool> compareReadings(const LanguageModel& model, const Extent& extent);

/// The decoder of fast mode against the exact mode, step by step over the same text: the mean log-probability
/// may differ by 0.03, the best token only where the gap is below 2.
Result<bool> compareDecoder(const LanguageModel& fast, const LanguageModel& exact, const Extent& extent);

/// Replies that the decoder writes by itself are those that are chosen token by token on the host, wherever
/// they end and however they are drawn, and leave the cache at the same place.
Result<bool> compareReplies(const LanguageModel& fast, const Extent& extent);

/// Replies as the device writes them and as the host draws them from the logits: the same, and how fast.
Result<bool> compareSpeed(const LanguageModel& fast);

}  // namespace epi
