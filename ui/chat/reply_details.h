#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <QString>

#include "core/wire/messages.h"

namespace epi {

/// Where a reply came from and what it cost; kept with the message as JSON, so that it is there after a
/// restart.
struct ReplyDetails {
    std::optional<std::int32_t> episode;
    double similarity = 0.0;
    std::int64_t keptTokens = 0;
    std::int64_t historyTokens = 0;
    std::int64_t generatedTokens = 0;
    double firstTokenSeconds = 0.0;
    double decodeSeconds = 0.0;
    bool isPastTrainedContext = false;
    std::vector<double> similarities;  // to each episode
    QString tier;                      // where the cache was: "device", "memory", "disk", "rebuilt"
    QString positions;                 // of its entries: "kept", "reindexed"
    std::int64_t promptTokens = 0;     // of the question
    std::int64_t readTokens = 0;       // besides
    bool hasReadTokens = false;        // recorded: replies of older versions say nothing about it
    double promptSeconds = 0.0;
    std::vector<std::int64_t> quoted;  // messages that were quoted before the question, each once
    std::int64_t quotedTokens = 0;
    std::int64_t usedTokens = 0;  // in the cache with the turn; 0: not recorded
    std::int64_t roomTokens = 0;  // that fit behind them
    QString reason;               // why it ended, as the engine says it (see TurnDone)
    QString error;                // why the reply failed; empty when it did not

    /// 0 while unknown.
    [[nodiscard]] double tokensPerSecond() const;
    /// Whether there was only one episode to answer from, as where no memory was built: nothing was matched.
    [[nodiscard]] bool isOfWholeChat() const;
    /// Whether a limit ended it, of its length or of the room, so that it can go on.
    [[nodiscard]] bool endedAtLimit() const;

    static ReplyDetails of(const TurnDone& turn);
    static ReplyDetails fromJson(std::string_view json);
    [[nodiscard]] std::string toJson() const;
};

}  // namespace epi
