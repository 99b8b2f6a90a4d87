#include "storage/full_text_functions.h"

#include <array>
#include <cstdint>

#include <sqlite3.h>

#include "storage/sqlite_error.h"

namespace epi {
namespace {

// FTS5 calls these through C: nothing here may throw, so nothing here allocates.

constexpr int kMaxMatches = 256;  // marked in one message

void phraseCounts(
    const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_context* result, int, sqlite3_value**) {
    std::array<std::int32_t, kMaxPhrases> counts{};
    const int phrases = api->xPhraseCount(row);
    int matches = 0;
    int code = phrases <= kMaxPhrases ? api->xInstCount(row, &matches) : SQLITE_RANGE;
    for (int match = 0; code == SQLITE_OK && match < matches; ++match) {
        int phrase = 0;
        int column = 0;
        int token = 0;
        code = api->xInst(row, match, &phrase, &column, &token);
        if (code == SQLITE_OK) ++counts[static_cast<std::size_t>(phrase)];
    }
    if (code != SQLITE_OK) return sqlite3_result_error_code(result, code);
    sqlite3_result_blob(
        result, counts.data(), phrases * static_cast<int>(sizeof(counts[0])), SQLITE_TRANSIENT);
}

struct Range {
    std::int32_t column;
    std::int32_t begin;
    std::int32_t end;
};

/// The matches of one row: first as tokens, then, while its texts are read again, as bytes.
struct Matches {
    struct Tokens {
        int column;
        int first;
        int count;
    };
    std::array<Tokens, kMaxMatches> tokens;
    std::array<Range, kMaxMatches> ranges;
    int count = 0;
    int next = 0;    // of `tokens`, not located yet; they come in the order of columns and tokens
    int column = 0;  // being read
    int token = 0;   // of that column, being read
};

/// Whether the next match ends before the token that comes now.
bool isRead(const Matches& matches) {
    const Matches::Tokens& tokens = matches.tokens[static_cast<std::size_t>(matches.next)];
    return tokens.column == matches.column && tokens.first + tokens.count <= matches.token;
}

int locate(void* context, int flags, const char*, int, int begin, int end) {
    auto& matches = *static_cast<Matches*>(context);
    if ((flags & FTS5_TOKEN_COLOCATED) != 0) return SQLITE_OK;
    for (int match = matches.next; match < matches.count; ++match) {
        const Matches::Tokens& tokens = matches.tokens[static_cast<std::size_t>(match)];
        if (tokens.column != matches.column || tokens.first > matches.token) break;
        if (tokens.first + tokens.count <= matches.token) continue;
        Range& range = matches.ranges[static_cast<std::size_t>(match)];
        if (tokens.first == matches.token) range = {tokens.column, begin, end};
        range.end = end;
    }
    ++matches.token;
    while (matches.next < matches.count && isRead(matches))
        ++matches.next;
    return matches.next < matches.count ? SQLITE_OK : SQLITE_DONE;
}

int readMatches(const Fts5ExtensionApi* api, Fts5Context* row, Matches& matches) {
    int count = 0;
    int code = api->xInstCount(row, &count);
    matches.count = count < kMaxMatches ? count : kMaxMatches;
    for (int match = 0; code == SQLITE_OK && match < matches.count; ++match) {
        Matches::Tokens& tokens = matches.tokens[static_cast<std::size_t>(match)];
        int phrase = 0;
        code = api->xInst(row, match, &phrase, &tokens.column, &tokens.first);
        tokens.count = api->xPhraseSize(row, phrase);
    }
    return code;
}

void matchRanges(
    const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_context* result, int, sqlite3_value**) {
    Matches matches{};
    int code = readMatches(api, row, matches);
    while (code == SQLITE_OK && matches.next < matches.count) {
        const int column = matches.tokens[static_cast<std::size_t>(matches.next)].column;
        if (column < matches.column) break;  // the row is not what was indexed
        matches.column = column;
        matches.token = 0;
        const char* text = nullptr;
        int bytes = 0;
        code = api->xColumnText(row, column, &text, &bytes);
        if (code == SQLITE_OK) code = api->xTokenize(row, text, bytes, &matches, locate);
        if (code == SQLITE_DONE) code = SQLITE_OK;
        matches.column = column + 1;
    }
    if (code != SQLITE_OK) return sqlite3_result_error_code(result, code);
    sqlite3_result_blob(
        result, matches.ranges.data(), matches.next * static_cast<int>(sizeof(Range)), SQLITE_TRANSIENT);
}

/// FTS5 hands out its interface through a query of its own.
Result<fts5_api*> fullTextApi(sqlite3* connection) {
    fts5_api* api = nullptr;
    sqlite3_stmt* query = nullptr;
    int code = sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &query, nullptr);
    if (code == SQLITE_OK) code = sqlite3_bind_pointer(query, 1, &api, "fts5_api_ptr", nullptr);
    if (code == SQLITE_OK) sqlite3_step(query);
    sqlite3_finalize(query);
    if (code != SQLITE_OK) return sqliteError(connection, code).with("while asking for full-text search");
    if (api == nullptr) return Error{ErrorCode::kUnsupported, "this SQLite has no full-text search (FTS5)"};
    return api;
}

}  // namespace

Result<void> addFullTextFunctions(sqlite3* connection) {
    EPI_TRY_ASSIGN(fts5_api* const api, fullTextApi(connection));
    int code = api->xCreateFunction(api, "epi_phrase_counts", nullptr, phraseCounts, nullptr);
    if (code == SQLITE_OK) {
        code = api->xCreateFunction(api, "epi_match_ranges", nullptr, matchRanges, nullptr);
    }
    if (code != SQLITE_OK) return sqliteError(connection, code).with("while adding search functions");
    return {};
}

}  // namespace epi
