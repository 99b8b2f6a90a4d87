#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/conversation.h"

namespace epi {

/// kStreaming: written while the reply runs; found at start it means the program was killed and becomes
/// kCutOff.
enum class MessageState { kComplete, kStreaming, kStopped, kCutOff, kFailed };

std::string_view name(MessageState state);
Result<MessageState> messageStateFromName(std::string_view text);

/// A row of `messages`. Messages form a tree by `parentId`; `sequence` orders the active branch, which passes
/// over messages that were removed.
struct MessageRecord {
    std::int64_t id = 0;
    std::int64_t conversationId = 0;
    std::optional<std::int64_t> parentId;
    std::int64_t sequence = 0;
    Role role = Role::kUser;
    std::string speaker;
    std::string text;
    std::string caption;
    std::string session;   // date line; imported conversations
    std::string sourceId;  // e.g. "D1:3"
    MessageState state = MessageState::kComplete;
    std::string details;  // JSON object: which episode answered, kept/total, timings, error; empty without
    std::int64_t createdAtMs = 0;
    std::int64_t leftBranch = 0;  // grows; of several versions the last to leave was shown last
    std::optional<std::int64_t>
        removedAtMs;  // taken out of the conversation since; 0: for good, without text
};

/// A message that is there and cannot be read.
struct DamagedMessage {
    std::int64_t id = 0;
    Error error;
};

/// Some messages, read one by one: what is damaged among them does not hide the others.
struct MessagePage {
    std::vector<MessageRecord> messages;
    std::vector<DamagedMessage> damaged;
};

/// Which of several versions a message is. Versions are what stands at the same place of a conversation: they
/// follow the same message.
struct VersionPlace {
    std::int64_t messageId = 0;
    std::int32_t index = 0;  // in the order they were made
    std::int32_t count = 1;
};

/// What the memory last built for a conversation was built of; 0: not known.
struct MemoryHistory {
    std::int64_t tokens = 0;
    std::int64_t lastMessage = 0;

    bool operator==(const MemoryHistory&) const = default;
};

struct ConversationRecord {
    std::int64_t id = 0;
    std::string uid;  // the same in every profile the conversation is imported into
    std::string sourceId;
    std::string title;
    HistoryLayout layout = HistoryLayout::kChat;
    std::vector<std::string> speakers;
    std::string systemPrompt;
    std::string memory;  // JSON of the MemoryOptions last used; empty before the first build
    MemoryHistory memoryHistory{};
    std::string sampling;  // JSON of SamplingOptions; empty: the defaults
    std::int64_t createdAtMs = 0;
    std::int64_t updatedAtMs = 0;
    std::int64_t messageCount = 0;
    std::int64_t questionCount = 0;
    std::int64_t folderId = 0;  // 0: in no folder
    std::string folder;         // its name
    std::vector<std::string> tags;
    bool isPinned = false;
    bool isArchived = false;
    std::optional<std::int64_t> deletedAtMs;  // in the bin since
};

struct FolderRecord {
    std::int64_t id = 0;
    std::string name;
};

struct QuestionRecord {
    std::int64_t id = 0;
    std::int64_t conversationId = 0;
    BenchmarkQuestion question;
};

/// An episode of the memory last built for a conversation.
struct EpisodeRecord {
    std::int64_t conversationId = 0;
    std::int32_t index = 0;
    std::int64_t segments = 0;
    std::vector<std::int64_t> turnIds;
    std::vector<std::string> representatives;
    std::int64_t keptEntries = 0;
    std::string cacheKey;
    std::string name;  // its most distinctive words; may be empty
};

/// An evaluation run. Its answers are rows of their own, so that a kill costs at most the question being
/// answered.
struct RunRecord {
    std::int64_t id = 0;
    std::int64_t conversationId = 0;
    std::string settings;  // JSON: model, memory options, sampling
    std::string state;     // "running", "paused", "done"
    std::int64_t startedAtMs = 0;
    std::int64_t finishedAtMs = 0;
    std::int64_t questionCount = 0;
    std::int64_t answerCount = 0;
};
struct AnswerRecord {
    std::int64_t runId = 0;
    std::int64_t questionId = 0;
    std::string text;
    double f1 = 0.0;
    std::int32_t episode = 0;
    double similarity = 0.0;
    double seconds = 0.0;
    std::optional<double> likelihood{};  // mean ln p per token of the expected answer, where it was measured
};

}  // namespace epi
