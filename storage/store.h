#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/recall/passage_candidate.h"
#include "core/transfer/portable_chat.h"
#include "storage/records.h"
#include "storage/search_records.h"
#include "storage/transfer_records.h"

namespace epi {

struct StoreState;

/// All conversations of one profile in one SQLite database (WAL, synchronous=FULL, STRICT tables, numbered
/// migrations). Synchronous: when a call returns, what it wrote is on disk. One thread at a time; the window
/// uses it through StoreThread, the command line directly.
///
/// Opening takes the profile's lock; a second program gets a read-only store (`isReadOnly`), whose writes are
/// kIo. Every message row carries a checksum, checked on read (kCorruptData names the row).
class Store {
public:
    /// Opens or creates the database. Replies that a killed program left streaming become kCutOff.
    static Result<Store> open(const std::filesystem::path& file);
    ~Store();
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;

    [[nodiscard]] bool isReadOnly() const;

    // Conversations, newest first, without those in the bin.
    Result<std::vector<ConversationRecord>> conversations();
    Result<ConversationRecord> conversation(std::int64_t id);
    /// By row id ("12") or source id ("conv-26"); kNotFound lists what there is.
    Result<ConversationRecord> findConversation(std::string_view idOrSourceId);
    Result<std::int64_t> createConversation(const ConversationRecord& conversation);
    /// Adds an imported conversation with its turns and questions in one transaction. Importing the same
    /// content again changes nothing and returns the existing id.
    Result<std::int64_t> importConversation(const ImportedConversation& imported);
    /// Adds a chat with all its branches, or what it has that the chat of the same uid here has not, in one
    /// transaction.
    Result<ImportOutcome> importChat(const PortableChat& chat);
    /// What importChat would do.
    Result<ImportOutcome> previewImport(const PortableChat& chat);
    /// A conversation as a value for an exporter.
    Result<PortableChat> portableChat(std::int64_t id);
    Result<void> renameConversation(std::int64_t id, std::string_view title);
    Result<void> setMemory(std::int64_t id, std::string_view memoryJson);
    /// Its system prompt and how its tokens are drawn.
    Result<void> setInstructions(std::int64_t id,
                                 std::string_view systemPrompt,
                                 std::string_view samplingJson);
    /// For ever, with everything that belongs to it. Its caches are files of an engine: see releasedCaches.
    Result<void> deleteConversation(std::int64_t id);
    /// The keys of caches that no conversation here has any more, or of which something was erased
    /// (core/format/cache_folder.h).
    Result<std::vector<std::string>> releasedCaches();
    /// Once the files are gone.
    Result<void> forgetReleasedCaches(std::span<const std::string> keys);

    // Order among many conversations. What lies in the bin for 30 days is deleted when the store is opened,
    // and what was said in turns that were taken out 30 days ago.
    Result<std::vector<ConversationRecord>> bin();
    Result<void> setInBin(std::int64_t id, bool isInBin);
    Result<void> setPinned(std::int64_t id, bool isPinned);
    Result<void> setArchived(std::int64_t id, bool isArchived);
    Result<void> setTags(std::int64_t id, std::span<const std::string> tags);
    Result<std::vector<FolderRecord>> folders();
    /// Moves it into the folder of this name, made where there is none; empty: out of its folder.
    Result<void> setFolder(std::int64_t id, std::string_view folder);
    Result<void> renameFolder(std::int64_t folderId, std::string_view name);
    Result<void> removeFolder(std::int64_t folderId);
    /// Text begun and not sent.
    Result<std::string> draft(std::int64_t id);
    Result<void> setDraft(std::int64_t id, std::string_view text);

    // Messages of the active branch in order.
    /// All behind place `after`.
    Result<std::vector<MessageRecord>> messages(std::int64_t conversationId, std::int64_t after = 0);
    /// The same one after the other, until `take` returns false. What is damaged goes to `onDamaged`; without
    /// it, it is an error. Neither must use the store.
    Result<void> eachMessage(std::int64_t conversationId,
                             std::int64_t after,
                             const std::function<bool(MessageRecord&&)>& take,
                             const std::function<void(DamagedMessage&&)>& onDamaged = {});
    /// The ids of all behind place `after`: some milliseconds for a hundred thousand. They ascend.
    Result<std::vector<std::int64_t>> messageIds(std::int64_t conversationId, std::int64_t after = 0);
    /// These messages in this order, each on its own: what is damaged is told beside the others. Ends behind
    /// the message that makes it more than `maxBytes` of texts.
    Result<MessagePage> messagePage(std::span<const std::int64_t> ids, std::int64_t maxBytes);
    Result<MessageRecord> message(std::int64_t id);
    /// Names all that the engine is told of a conversation; another text where something else was said.
    Result<std::string> historyDigest(std::int64_t conversationId);
    /// Bytes of all texts.
    Result<std::int64_t> messageBytes(std::int64_t conversationId);
    /// Whether every memory of its conversation is to keep a message whole. kNotFound.
    Result<void> setMessagePinned(std::int64_t id, bool isPinned);
    /// The same for several, all or none.
    Result<void> changePins(std::span<const std::int64_t> pinned, std::span<const std::int64_t> unpinned);
    /// The ids of the pinned ones.
    Result<std::vector<std::int64_t>> pinnedMessages(std::int64_t conversationId);
    /// The last reply whose details name the episode it came from.
    Result<std::optional<MessageRecord>> lastFromEpisode(std::int64_t conversationId);
    /// Appends to the active branch; id, sequence, parent and time are given by the store. A conversation in
    /// the bin comes out of it, here and by addVersion.
    Result<MessageRecord> appendMessage(const MessageRecord& message);
    /// Replaces text, state and details of a reply.
    Result<void> updateMessage(std::int64_t id,
                               std::string_view text,
                               MessageState state,
                               std::string_view details);

    // Versions of messages (storage/version_repository.h), each change in one transaction.
    /// Messages of the active branch of which there is more than one version.
    Result<std::vector<VersionPlace>> versionPlaces(std::int64_t conversationId);
    Result<std::vector<std::int64_t>> versions(std::int64_t messageId);
    /// Adds `messages`, the first as another version of `messageId`, each later one behind the one before;
    /// the active branch ends with them then. Returns them as stored.
    Result<std::vector<MessageRecord>> addVersion(std::int64_t messageId,
                                                  std::span<const MessageRecord> messages);
    /// Makes the branch through this message the active one, to the end that was last shown behind it.
    Result<void> showVersion(std::int64_t messageId);
    /// Takes a question with its reply, or a message that stands alone, out of the conversation; returns what
    /// `restoreTurn` puts back.
    Result<std::vector<std::int64_t>> removeTurn(std::int64_t messageId);
    Result<void> restoreTurn(std::span<const std::int64_t> messageIds);
    /// What was taken out and not put back.
    Result<std::vector<std::int64_t>> removedMessages(std::int64_t conversationId);

    /// Search as you type over all titles and messages; an empty query finds nothing.
    Result<SearchResults> search(const SearchQuery& query);
    /// The messages that match the words of a question, by their stems and alone or together with their
    /// neighbours, best first. Any text is a question; nothing in it is syntax.
    Result<std::vector<PassageCandidate>> recallCandidates(const RecallQuery& query);

    /// Of a memory that was built of this history.
    Result<void> saveEpisodes(std::int64_t conversationId,
                              std::span<const EpisodeRecord> episodes,
                              const MemoryHistory& history);
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
    /// What the program that wrote before left running, and what is old.
    void tidy();
    Result<void> settleUnfinished();
    Result<void> forgetOld();
    /// Of a conversation of which turns were erased: what else is known of them.
    Result<void> forgetErased(std::int64_t conversationId);
    Result<void> forgetLog();

    std::unique_ptr<StoreState> state_;
};

}  // namespace epi
