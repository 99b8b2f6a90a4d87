#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/chat_template.h"

namespace epi {

/// Bytes [begin, end) of the text beside it.
struct TextRange {
    std::int64_t begin = 0;
    std::int64_t end = 0;

    bool operator==(const TextRange&) const = default;
};

/// kNewest finds its first hits at once however many there are; kBest weighs all of them (BM25).
enum class SearchOrder { kNewest, kBest };

/// What somebody is typing into a search field. Conversations in the bin are not searched.
struct SearchQuery {
    std::string text;
    SearchOrder order = SearchOrder::kNewest;
    std::int64_t limit = 50;                    // hits of each kind
    std::optional<std::int64_t> beforeMessage;  // goes on below this hit; titles come only without it
};

/// A question whose passages are looked for in a conversation.
struct RecallQuery {
    std::int64_t conversationId = 0;
    std::string question;
    std::optional<std::int64_t>
        beforeMessage;  // only messages of the active branch that come before this one
    std::int64_t limit = 256;
};

/// A conversation whose title matches.
struct TitleHit {
    std::int64_t conversationId = 0;
    std::string title;
    std::vector<TextRange> matches;
};

/// A message that matches. `excerpt` is a piece of its text (or of its image's caption) around the first
/// match, cut at characters.
struct MessageHit {
    std::int64_t messageId = 0;
    std::int64_t conversationId = 0;
    bool isOnActiveBranch = true;
    Role role = Role::kUser;
    std::string speaker;
    std::string session;  // date line; imported conversations
    std::int64_t createdAtMs = 0;
    std::string excerpt;
    bool isCutAtFront = false;
    bool isCutAtBack = false;
    std::vector<TextRange> matches;  // in the excerpt
};

struct SearchResults {
    std::vector<TitleHit> titles;      // the most recently used conversation first
    std::vector<MessageHit> messages;  // in the order asked for
};

}  // namespace epi
