#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/recall/passage_candidate.h"
#include "core/recall/term_counts.h"
#include "storage/database.h"
#include "storage/search_records.h"

namespace epi {

/// The full-text indexes over messages and titles, which triggers keep in step with the tables. What it
/// returns is for finding and ranking: rows are not checked against their checksums here but when their
/// conversation is opened.
class SearchRepository {
public:
    explicit SearchRepository(Database& database) : database_(database) {}

    /// Every word of the query, each at least in its beginning, in any order, whatever case and accents.
    Result<SearchResults> search(const SearchQuery& query);

    /// The messages that match the words of a question by their stems, best first.
    Result<std::vector<PassageCandidate>> recallCandidates(const RecallQuery& query);
    /// How often each word, or another word of its stem, occurs in the query's messages. `words` are plain
    /// words; at most kMaxPhrases of them count.
    Result<TermCounts> termCounts(const RecallQuery& query, std::span<const std::string> words);

    /// Takes what was deleted out of the indexes' files; until then its words are still in them, marked as
    /// deleted. Runs inside the caller's transaction.
    Result<void> forgetDeleted();

private:
    Result<std::vector<TitleHit>> titles(const std::string& match, std::int64_t limit);
    Result<std::vector<MessageHit>> messages(const std::string& match, const SearchQuery& query);

    Database& database_;
};

}  // namespace epi
