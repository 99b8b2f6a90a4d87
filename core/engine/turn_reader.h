#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/engine/episode_builder.h"
#include "core/kv/kv_cache.h"

namespace epi {

/// What a reply has room for in any case, however long its question is.
inline constexpr std::int64_t kSmallestReply = 64;

/// The cache of an episode that turns are read into (EpiCache, stage 3b). Engine thread.
struct TurnReading {
    const LanguageModel& model;
    const ChatTemplate& chatTemplate;
    const Wording& wording;
    const Conversation& conversation;
    const BuiltMemory& memory;
    EpisodeMemory& episode;
    KvCache& cache;
    CancelToken cancel;
};

/// Tokens of the turns that the cache has not read; empty when it has read all.
std::vector<TokenId> unreadTurns(const TurnReading& reading);

/// A question as tokens, after what the cache needs to end the reply before it, and the beginning of its
/// reply.
std::vector<TokenId> questionTokens(const TurnReading& reading,
                                    const std::string& question,
                                    const std::string& replyBegin);

/// A question's tokens with a quotation inside its turn, before the question itself.
struct QuotedQuestion {
    std::vector<TokenId> tokens;
    std::int64_t quotationAt = 0;  // index of the quotation's first token
};
QuotedQuestion quotedQuestionTokens(const TurnReading& reading,
                                    const std::string& question,
                                    const std::string& replyBegin,
                                    std::span<const TokenId> quotation);

/// Rows that a reply of at most `maxTokens` tokens is to have behind a question of so many: for all of them,
/// as far as the tail goes. Older entries are evicted for it rather than that the reply is cut off.
std::int64_t replyRows(const TurnReading& reading, std::int64_t questionTokens, std::int32_t maxTokens);

/// Counts the cache's positions anew when `rows` further ones would pass the model's trained context and the
/// memory's options allow it; whether it was done.
bool makePositionsFit(const TurnReading& reading, std::int64_t rows);

/// Cuts the cache to its budget where it stands. After an error it must be dropped.
Result<void> makeRoom(const TurnReading& reading);

/// Reads the turns that the cache has not read, so that room for `reserve` tokens is left behind them: where
/// it is too small, the cache is cut to its budget first. Returns the number of tokens read. After an
/// error, and after a cancel, the cache must be dropped: entries may be gone and positions counted anew.
Result<std::int64_t> catchUp(const TurnReading& reading, std::int64_t reserve);

/// Reads all but the end of a question that is longer than the room, evicting; returns what is left to read.
/// The cache then stands between two turns' boundaries.
Result<std::vector<TokenId>> readLongQuestion(const TurnReading& reading, std::vector<TokenId> tokens);

/// Makes question and answer, which are in the cache, part of what the episode has read. `rows` per head were
/// added for them; `isCompacted`: entries were evicted on the way.
void remember(const TurnReading& reading,
              const std::string& question,
              const std::string& answer,
              std::int64_t rows,
              bool isCompacted);

}  // namespace epi
