#include "core/engine/turn_reader.h"

#include <algorithm>
#include <limits>

#include "core/engine/block_prefill.h"
#include "core/engine/episode_files.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/reindex.h"

namespace epi {
namespace {

// Turns go through the model in pieces of this size, so that a cancel is seen soon.
constexpr std::size_t kRowsPerForward = 256;
// The end of a question that is longer than the room stays whole, as far as it leaves half of the tail to the
// reply.
constexpr std::int64_t kUnevictedEnd = 64;

bool reindexes(const TurnReading& reading) {
    return reading.memory.resolved.options.positions == PositionMode::kAuto;
}

PrefillTask evictingTask(const TurnReading& reading, std::span<const TokenId> ids) {
    return {.ids = {ids.begin(), ids.end()},
            .firstPosition = reading.cache.nextPosition(),
            .block = tailRows(reading.memory.resolved),
            .rule = evictionRule(reading.memory, reading.conversation.history),
            .prompt = reading.episode.prompt,
            .promptAtLastPosition = reading.memory.resolved.preset.promptAtLastPosition,
            .repeatRequest = reading.memory.repeatRequest,
            .readTokens = 0,
            .reindexes = reindexes(reading)};
}

/// From here on the cache is a whole copy of its own.
void becomeWhole(const TurnReading& reading, TurnBoundary boundary) {
    boundary.rows = 0;
    boundary.embedding.clear();
    reading.episode.wholeCentroid = centroidAfter(reading.episode, std::numeric_limits<std::int64_t>::max());
    reading.episode.boundaries = {std::move(boundary)};
    reading.episode.isGrown = true;
    reading.episode.isWholeUnsaved = true;
    reading.episode.areRowsUnsaved = false;
}

TurnBoundary boundaryAfter(std::span<const Turn> turns, std::int64_t rows, bool isReplyOpen) {
    return {.turns = static_cast<std::int64_t>(turns.size()),
            .rows = rows,
            .isReplyOpen = isReplyOpen,
            .history = historyDigest(turns)};
}

std::vector<TokenId> closingTokens(const TurnReading& reading) {
    const PromptPart closing{.kind = PromptPart::Kind::kTemplate,
                             .text = reading.chatTemplate.closeTurn(Role::kAssistant)};
    return encodeParts(reading.model.tokenizer(), std::span(&closing, 1));
}

void append(std::vector<TokenId>& tokens, std::span<const TokenId> more) {
    tokens.insert(tokens.end(), more.begin(), more.end());
}

/// What the cache needs to end the reply before a question. Unread turns bring it with them.
std::vector<TokenId> tokensBeforeQuestion(const TurnReading& reading) {
    const TurnBoundary& last = reading.episode.boundaries.back();
    const bool isUpToDate = last.turns == static_cast<std::int64_t>(reading.conversation.text.turns.size());
    return last.isReplyOpen && isUpToDate ? closingTokens(reading) : std::vector<TokenId>();
}

std::vector<PromptPart> partsOf(const TurnReading& reading, const std::string& question) {
    const ConversationText& text = reading.conversation.text;
    const QuestionContext context = contextAfter(text.layout, text.turns);
    return questionParts(context, reading.chatTemplate, question, reading.wording);
}

/// A question and the beginning of its reply.
std::vector<TokenId> begunQuestion(const TurnReading& reading,
                                   std::vector<PromptPart> parts,
                                   const std::string& replyBegin) {
    std::vector<TokenId> tokens = encodeParts(reading.model.tokenizer(), parts);
    if (replyBegin.empty()) return tokens;
    const PromptPart begin{.kind = PromptPart::Kind::kContent, .text = replyBegin};
    parts.push_back(begin);
    std::vector<TokenId> begun = encodeParts(reading.model.tokenizer(), parts);
    // Text that melts into the header, such as a line break, stands alone: the model wrote it behind the
    // header.
    if (std::ranges::mismatch(tokens, begun).in1 == tokens.end()) return begun;
    append(tokens, encodeParts(reading.model.tokenizer(), std::span(&begin, 1)));
    return tokens;
}

/// Appends without evicting; a cache that was cancelled is as before.
Result<void> append(const TurnReading& reading, std::span<const TokenId> ids) {
    const KvCache::Mark mark = reading.cache.mark();
    while (!ids.empty()) {
        const auto piece = ids.first(std::min(kRowsPerForward, ids.size()));
        const ForwardRequest request{.groups = {{.kind = RowGroup::Kind::kAppend,
                                                 .ids = piece,
                                                 .firstPosition = reading.cache.nextPosition()}},
                                     .logitRows = 0,
                                     .hook = nullptr,
                                     .cancel = reading.cancel};
        if (auto read = reading.model.executor().forward(request, reading.cache); !read) {
            reading.cache.truncate(mark);
            return std::move(read).error();
        }
        ids = ids.subspan(piece.size());
    }
    return {};
}

}  // namespace

std::vector<TokenId> unreadTurns(const TurnReading& reading) {
    const TurnBoundary& last = reading.episode.boundaries.back();
    const HistoryTokens& history = reading.conversation.history;
    if (last.turns == static_cast<std::int64_t>(history.turns.size())) return {};
    std::vector<TokenId> tokens;
    if (last.isReplyOpen) tokens = closingTokens(reading);
    const auto unread = std::span(history.ids).subspan(history.head(last.turns).size());
    tokens.insert(tokens.end(), unread.begin(), unread.end());
    return tokens;
}

std::vector<TokenId> questionTokens(const TurnReading& reading,
                                    const std::string& question,
                                    const std::string& replyBegin) {
    std::vector<TokenId> tokens = tokensBeforeQuestion(reading);
    append(tokens, begunQuestion(reading, partsOf(reading, question), replyBegin));
    return tokens;
}

QuotedQuestion quotedQuestionTokens(const TurnReading& reading,
                                    const std::string& question,
                                    const std::string& replyBegin,
                                    std::span<const TokenId> quotation) {
    std::vector<PromptPart> parts = partsOf(reading, question);
    QuotedQuestion quoted{.tokens = tokensBeforeQuestion(reading)};
    // The first question about a narration has no opening: it stands in the turn that narrates.
    if (parts.front().kind == PromptPart::Kind::kTemplate) {
        append(quoted.tokens, encodeParts(reading.model.tokenizer(), std::span(parts).first(1)));
        parts.erase(parts.begin());
    }
    quoted.quotationAt = static_cast<std::int64_t>(quoted.tokens.size());
    append(quoted.tokens, quotation);
    append(quoted.tokens, begunQuestion(reading, std::move(parts), replyBegin));
    return quoted;
}

std::int64_t replyRows(const TurnReading& reading, std::int64_t questionTokens, std::int32_t maxTokens) {
    const std::int64_t behind = tailRows(reading.memory.resolved) - questionTokens;
    return std::min<std::int64_t>(maxTokens, std::max(kSmallestReply, behind));
}

bool makePositionsFit(const TurnReading& reading, std::int64_t rows) {
    return reindexes(reading) && reindexForRoom(reading.model.executor(), reading.cache, rows);
}

Result<void> makeRoom(const TurnReading& reading) {
    return evictInPlace(reading.model.executor(), reading.cache, evictingTask(reading, {}), reading.cancel);
}

Result<std::int64_t> catchUp(const TurnReading& reading, std::int64_t reserve) {
    const std::vector<TokenId> tokens = unreadTurns(reading);
    const auto count = static_cast<std::int64_t>(tokens.size());
    std::vector<TurnBoundary>& boundaries = reading.episode.boundaries;
    // A dense memory is made into one of episodes once it is full.
    const bool canEvict = !reading.memory.resolved.isDense;
    makePositionsFit(reading, count + reserve);
    if (canEvict && count + reserve > reading.cache.room()) {
        const std::int64_t entries = reading.cache.entries();
        EPI_TRY(makeRoom(reading));
        if (reading.cache.entries() != entries) becomeWhole(reading, boundaries.back());
    }
    if (count == 0) return 0;
    const std::span<const Turn> turns(reading.conversation.text.turns);
    if (!canEvict || count + reserve <= reading.cache.room()) {
        EPI_TRY(append(reading, tokens));
        boundaries.push_back(boundaryAfter(turns, boundaries.back().rows + count, false));
        reading.episode.areRowsUnsaved = true;
        return count;
    }
    BlockPrefill prefill(reading.model.executor(), reading.cache, evictingTask(reading, tokens));
    EPI_TRY(prefill.run(reading.cancel));
    becomeWhole(reading, boundaryAfter(turns, 0, false));
    return count;
}

Result<std::vector<TokenId>> readLongQuestion(const TurnReading& reading, std::vector<TokenId> tokens) {
    const auto end = static_cast<std::size_t>(
        std::clamp<std::int64_t>(tailRows(reading.memory.resolved) / 2, 1, kUnevictedEnd));
    const std::size_t head = tokens.size() > end ? tokens.size() - end : 0;
    const PrefillTask task = evictingTask(reading, std::span(tokens).first(head));
    // A dense memory was built without a budget for what always stays.
    EPI_TRY(checkPins(reading.model.executor().spec(), task.rule));
    EPI_TRY(evictInPlace(reading.model.executor(), reading.cache, task, reading.cancel));
    BlockPrefill prefill(reading.model.executor(), reading.cache, task);
    EPI_TRY(prefill.run(reading.cancel));
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(head));
    return tokens;
}

void remember(const TurnReading& reading,
              const std::string& question,
              const std::string& answer,
              std::int64_t rows,
              bool isCompacted) {
    std::vector<Turn> turns = reading.conversation.text.turns;
    turns.push_back({.role = Role::kUser, .text = question});
    turns.push_back({.role = Role::kAssistant, .text = answer});
    TurnBoundary boundary = boundaryAfter(turns, reading.episode.boundaries.back().rows + rows, true);
    if (isCompacted) return becomeWhole(reading, std::move(boundary));
    reading.episode.boundaries.push_back(std::move(boundary));
    reading.episode.areRowsUnsaved = true;
}

}  // namespace epi
