#include "storage/search_repository.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/recall/question_words.h"
#include "core/recall/word_ranking.h"
#include "storage/excerpt.h"
#include "storage/full_text_functions.h"
#include "storage/full_text_query.h"

namespace epi {
namespace {

/// The numbers of a blob that one of our full-text functions made.
std::vector<std::int32_t> numbers(std::string_view blob) {
    std::vector<std::int32_t> values(blob.size() / sizeof(std::int32_t));
    std::memcpy(values.data(), blob.data(), values.size() * sizeof(std::int32_t));
    return values;
}

/// The ranges of one column; where phrases overlap, one range.
std::vector<TextRange> rangesIn(std::span<const std::int32_t> triples, std::int32_t column) {
    std::vector<TextRange> ranges;
    for (std::size_t at = 0; at + 2 < triples.size(); at += 3) {
        if (triples[at] != column) continue;
        const TextRange range{triples[at + 1], triples[at + 2]};
        if (!ranges.empty() && range.begin < ranges.back().end) {
            ranges.back().end = std::max(ranges.back().end, range.end);
        } else {
            ranges.push_back(range);
        }
    }
    return ranges;
}

MessageHit readMessage(Statement& row) {
    MessageHit hit;
    hit.messageId = row.integer();
    hit.conversationId = row.integer();
    hit.isOnActiveBranch = row.optionalInteger().has_value();
    // A role that is none shows when the conversation is opened; the hit leads there.
    if (const auto role = roleFromName(row.text())) hit.role = *role;
    hit.speaker = row.text();
    hit.session = row.text();
    hit.createdAtMs = row.integer();
    const std::string text(row.text());
    const std::string caption(row.text());
    const std::vector<std::int32_t> triples = numbers(row.text());
    const std::vector<TextRange> inText = rangesIn(triples, 0);
    Excerpt excerpt = inText.empty() ? excerptOf(caption, rangesIn(triples, 1)) : excerptOf(text, inText);
    hit.excerpt = std::move(excerpt.text);
    hit.isCutAtFront = excerpt.isCutAtFront;
    hit.isCutAtBack = excerpt.isCutAtBack;
    hit.matches = std::move(excerpt.matches);
    return hit;
}

}  // namespace

Result<SearchResults> SearchRepository::search(const SearchQuery& query) {
    SearchResults results;
    const std::string match = matchTyped(query.text);
    if (match.empty()) return results;
    if (!query.beforeMessage) {
        EPI_TRY_ASSIGN(results.titles, titles(match, query.limit));
    }
    EPI_TRY_ASSIGN(results.messages, messages(match, query));
    return results;
}

Result<std::vector<TitleHit>> SearchRepository::titles(const std::string& match, std::int64_t limit) {
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id, conversations.title, epi_match_ranges(title_words) "
                                     "FROM title_words JOIN conversations ON id = title_words.rowid "
                                     "WHERE title_words MATCH :match AND deleted_at_ms IS NULL "
                                     "ORDER BY activity DESC LIMIT :limit"));
    rows.bind(":match", match).bind(":limit", limit);
    std::vector<TitleHit> hits;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return hits;
        TitleHit hit;
        hit.conversationId = rows.integer();
        hit.title = rows.text();
        hit.matches = rangesIn(numbers(rows.text()), 0);
        hits.push_back(std::move(hit));
    }
}

Result<std::vector<MessageHit>> SearchRepository::messages(const std::string& match,
                                                           const SearchQuery& query) {
    // The order is one of two texts of our own.
    const std::string sql = std::string(
                                "SELECT id, conversation_id, sequence, role, speaker, session, "
                                "created_at_ms, messages.text, messages.caption, "
                                "epi_match_ranges(message_words) "
                                "FROM message_words JOIN messages ON id = message_words.rowid "
                                "WHERE message_words MATCH :match AND message_words.rowid < :before "
                                "AND removed_at_ms IS NULL "
                                "AND conversation_id NOT IN "
                                "(SELECT id FROM conversations WHERE deleted_at_ms IS NOT NULL) ORDER BY ") +
                            (query.order == SearchOrder::kBest ? "rank" : "message_words.rowid DESC") +
                            " LIMIT :limit";
    EPI_TRY_ASSIGN(Statement rows, database_.prepare(sql));
    rows.bind(":match", match)
        .bind(":before", query.beforeMessage.value_or(std::numeric_limits<std::int64_t>::max()))
        .bind(":limit", query.limit);
    std::vector<MessageHit> hits;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return hits;
        hits.push_back(readMessage(rows));
    }
}

Result<std::vector<PassageCandidate>> SearchRepository::recallCandidates(const RecallQuery& query) {
    EPI_TRY_ASSIGN(const TermCounts counts, termCounts(query, questionWords(query.question)));
    return rankByWords(counts, static_cast<std::size_t>(std::max<std::int64_t>(0, query.limit)));
}

Result<TermCounts> SearchRepository::termCounts(const RecallQuery& query,
                                                std::span<const std::string> words) {
    TermCounts result;
    result.words = std::min<std::int64_t>(std::ssize(words), kMaxPhrases);
    EPI_TRY_ASSIGN(
        Statement all,
        database_.prepare("SELECT id, length(CAST(text AS BLOB)) + length(CAST(caption AS BLOB)) "
                          "FROM messages WHERE conversation_id = :conversation "
                          "AND sequence < coalesce((SELECT sequence FROM messages WHERE id = :before), :all) "
                          "ORDER BY sequence"));
    all.bind(":conversation", query.conversationId)
        .bind(":before", query.beforeMessage)
        .bind(":all", std::numeric_limits<std::int64_t>::max());
    EPI_TRY_ASSIGN(Statement count,
                   database_.prepare("SELECT count(*) FROM messages WHERE conversation_id = :conversation "
                                     "AND sequence > 0"));
    EPI_TRY(count.bind(":conversation", query.conversationId).step());
    result.messages.reserve(static_cast<std::size_t>(count.integer()));
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    std::int64_t last = 0;
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, all.step());
        if (!hasRow) break;
        MessageTerms message;
        message.messageId = all.integer();
        message.bytes = all.integer();
        first = std::min(first, message.messageId);
        last = std::max(last, message.messageId);
        result.messages.push_back(std::move(message));
    }
    const std::string match = matchAny(words);
    if (match.empty() || result.messages.empty()) return result;
    // The range of ids spares reading what other conversations hold. CROSS: the words first, then the
    // messages that hold them. The other way about, each message of the conversation is a search of its own.
    EPI_TRY_ASSIGN(Statement rows,
                   database_.prepare("SELECT id, epi_phrase_counts(message_stems) "
                                     "FROM message_stems CROSS JOIN messages ON id = message_stems.rowid "
                                     "WHERE message_stems MATCH :match "
                                     "AND message_stems.rowid BETWEEN :first AND :last "
                                     "AND conversation_id = :conversation AND sequence IS NOT NULL"));
    rows.bind(":match", match)
        .bind(":first", first)
        .bind(":last", last)
        .bind(":conversation", query.conversationId);
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, rows.step());
        if (!hasRow) return result;
        // Ids grow along a branch.
        const std::int64_t id = rows.integer();
        const auto place = std::ranges::lower_bound(result.messages, id, {}, &MessageTerms::messageId);
        if (place != result.messages.end() && place->messageId == id) place->counts = numbers(rows.text());
    }
}

Result<void> SearchRepository::forgetDeleted() {
    return database_.execute(
        "INSERT INTO message_stems (message_stems) VALUES ('optimize');"
        "INSERT INTO message_words (message_words) VALUES ('optimize');"
        "INSERT INTO title_words (title_words) VALUES ('optimize');");
}

}  // namespace epi
