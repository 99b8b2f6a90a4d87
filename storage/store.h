#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/recall/term_counts.h"
#include "storage/records.h"
#include "storage/search_records.h"

namespace epi {

struct StoreState;

/// All conversations of one profile in one SQLite database (WAL, synchronous=FULL, STRICT tables, numbered
/// migrations). Synchronous: when a call returns, what it wrote is on disk. One thread at a time; the window
/// uses it through StoreThread, the command line directly.
///
/// Opening takes the profile's lock; a second program gets a read-only store (`isReadOnly`), whose writes are
/// kUnsupported. Every message row carries a checksum, checked on read (kCorruptData names the row).
class Store {
public:
    /// Opens or creates the database. Replies that a killed program left streaming become kCutOff.
    static Result<Store> open(const std::filesystem::path& file);
    ~Store();
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;

    [[nodiscard]] bool isReadOnly() const;

    // Conversations, newest first.
    Result<std::vector<ConversationRecord>> conversations();
    Result<ConversationRecord> conversation(std::int64_t id);
    /// By row id ("12") or source id ("conv-26"); kNotFound lists what there is.
    Result<ConversationRecord> findConversation(std::string_view idOrSourceId);
    Result<std::int64_t> createConversation(const ConversationRecord& conversation);
    /// Adds an imported conversation with its turns and questions in one transaction. Importing the same
    /// source id with the same content again changes nothing and returns the existing id.
    Result<std::int64_t> importConversation(const ImportedConversation& imported);
    Result<void> renameConversation(std::int64_t id, std::string_view title);
    Result<void> setMemory(std::int64_t id, std::string_view memoryJson);
    Result<void> deleteConversation(std::int64_t id);

    // Messages of the active branch in order.
    Result<std::vector<MessageRecord>> messages(std::int64_t conversationId);
    /// Appends to the active branch; id, sequence, parent and time are given by the store.
    Result<MessageRecord> appendMessage(const MessageRecord& message);
    /// Replaces text, state and details of a reply.
    Result<void> updateMessage(std::int64_t id,
                               std::string_view text,
                               MessageState state,
                               std::string_view details);

    /// Search as you type over all titles and messages; an empty query finds nothing.
    Result<SearchResults> search(const SearchQuery& query);
    /// How often words occur in the messages of a conversation's active branch, by their stems.
    Result<TermCounts> termCounts(std::int64_t conversationId, std::span<const std::string> words);

    Result<void> saveEpisodes(std::int64_t conversationId, std::span<const EpisodeRecord> episodes);
    Result<std::vector<EpisodeRecord>> episodes(std::int64_t conversationId);

    Result<std::vector<QuestionRecord>> questions(std::int64_t conversationId);
    /// The run with these settings that is not done, or a new one: a run killed half way goes on where it
    /// stopped.
    Result<RunRecord> startOrResumeRun(std::int64_t conversationId, std::string_view settingsJson);
    Result<std::vector<RunRecord>> runs(std::int64_t conversationId);
    Result<void> saveAnswer(const AnswerRecord& answer);
    Result<std::vector<AnswerRecord>> answers(std::int64_t runId);
    Result<void> finishRun(std::int64_t runId);

    Result<std::optional<std::string>> setting(std::string_view key);
    Result<void> setSetting(std::string_view key, std::string_view value);

private:
    explicit Store(std::unique_ptr<StoreState> state);
    std::unique_ptr<StoreState> state_;
};

}  // namespace epi
