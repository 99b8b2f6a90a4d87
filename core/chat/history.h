#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/chat/chat_template.h"
#include "core/chat/conversation.h"
#include "core/chat/wording.h"
#include "core/text/tokenizer.h"

namespace epi {

/// A conversation as the engine knows it.
struct ConversationText {
    HistoryLayout layout = HistoryLayout::kChat;
    std::string systemPrompt;
    std::vector<std::string> speakers;  // narrated layout
    std::vector<Turn> turns;
};

/// Names the content of turns: role, speaker, session and text of each.
std::string historyDigest(std::span<const Turn> turns);
/// Names all that is told of a conversation.
std::string historyDigest(const ConversationText& conversation);

/// Where a turn lies among the tokens of a history.
struct TurnSpan {
    std::int64_t turnId = 0;
    std::int64_t firstToken = 0;  // of the turn with its header and template text
    std::int64_t endToken = 0;
    std::int64_t firstTextToken = 0;  // first token that holds text of the turn itself
    std::vector<std::int32_t>
        byteEnds;  // from firstTextToken on: where each token ends in Turn::text, in bytes
};

/// A history as tokens. A turn's tokens depend on it and on what kind of turns came before, never on what
/// follows, so that a longer history begins with the tokens of the shorter one.
struct HistoryTokens {
    std::vector<TokenId> ids;
    std::int64_t prefixTokens = 0;  // template text before the first turn
    std::vector<TurnSpan> turns;

    /// Tokens of the prefix and the first `turnCount` turns; of all where there are fewer.
    [[nodiscard]] std::span<const TokenId> head(std::int64_t turnCount) const;
};

/// Writes a history in its layout: in chats one template turn per message after the system prompt; in
/// narrated histories one open user turn with a date line per session and "Speaker: text" lines, which the
/// first question closes. Questions and answers that follow a narrated history (turns without speaker) are
/// template turns.
HistoryTokens tokenizeHistory(const ConversationText& conversation,
                              const ChatTemplate& chatTemplate,
                              const Tokenizer& tokenizer,
                              const Wording& wording = {});

/// What a question follows.
struct QuestionContext {
    HistoryLayout layout = HistoryLayout::kChat;
    bool hasQuestions = false;  // some question or answer came before
    bool isUnanswered = false;  // the turn before is a question that got no answer, whose reply is still open
};

/// The context of a question after these turns.
QuestionContext contextAfter(HistoryLayout layout, std::span<const Turn> turns);

/// The question as it is put to the model, up to and with the opening of the assistant's turn.
std::vector<PromptPart> questionParts(const QuestionContext& context,
                                      const ChatTemplate& chatTemplate,
                                      const std::string& question,
                                      const Wording& wording = {});

/// Whether a turn is part of the narration, not a question about it or an answer.
bool isNarrated(HistoryLayout layout, const Turn& turn);

}  // namespace epi
