#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/chat/chat_template.h"

namespace epi {

/// How a history is written for the model: the model's template with one turn per message, or one user turn
/// that narrates a conversation between named people (a header with the date per session, "Speaker: text"
/// lines).
enum class HistoryLayout { kChat, kNarrated };

std::string_view name(HistoryLayout layout);
Result<HistoryLayout> historyLayoutFromName(std::string_view text);

/// One thing said: what the engine is told of a message. `id` is the message's row id.
struct Turn {
    std::int64_t id = 0;
    Role role = Role::kUser;
    std::string speaker;  // narrated layout; empty in chats, and for questions asked about a narrated history
    std::string text;     // with captions already in it
    std::string session;  // date line of the session that begins here or goes on; empty where there is none
};

/// A benchmark question about an imported conversation.
struct BenchmarkQuestion {
    std::string question;
    std::string answer;
    std::int32_t category = 0;
    std::vector<std::string> evidence;  // source ids of turns, as the source writes them
    std::string adversarialAnswer;      // wrong on purpose; `answer` is then mostly empty
};

/// What is said by a turn that shares an image: its text with the image's caption joined to it, for models
/// and embeddings, which see no images. The text itself without a caption.
std::string turnText(std::string_view text, std::string_view caption);

/// What an importer found in one conversation, before it has row ids.
struct ImportedTurn {
    std::string sourceId;  // e.g. "D1:3"; empty where the format has none
    std::string speaker;
    std::string text;
    std::string caption;  // of a shared image; empty without one
};
struct ImportedSession {
    std::int32_t number = 0;
    std::string date;  // as the source writes it
    std::vector<ImportedTurn> turns;
};
struct ImportedConversation {
    std::string sourceId;  // e.g. "conv-26"
    std::string title;
    std::vector<std::string> speakers;
    std::vector<ImportedSession> sessions;
    std::vector<BenchmarkQuestion> questions;
};

}  // namespace epi
