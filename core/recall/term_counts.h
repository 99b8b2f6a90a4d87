#pragma once

#include <cstdint>
#include <vector>

namespace epi {

/// How often the words of a question occur in one message.
struct MessageTerms {
    std::int64_t messageId = 0;
    std::int64_t bytes = 0;            // length of its text
    std::vector<std::int32_t> counts;  // [words]; empty when none occurs
};

/// How often the words of a question occur in the messages of a conversation, in order. What full-text search
/// knows and a ranking needs.
struct TermCounts {
    std::int64_t words = 0;
    std::vector<MessageTerms> messages;
};

}  // namespace epi
