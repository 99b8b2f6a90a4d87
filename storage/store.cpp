#include "storage/store.h"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/log.h"
#include "core/chat/history.h"
#include "core/format/cache_key.h"
#include "storage/chat_transfer.h"
#include "storage/clock.h"
#include "storage/conversation_repository.h"
#include "storage/database.h"
#include "storage/episode_repository.h"
#include "storage/history_repository.h"
#include "storage/message_repository.h"
#include "storage/migrations.h"
#include "storage/pin_repository.h"
#include "storage/profile_lock.h"
#include "storage/released_caches.h"
#include "storage/run_repository.h"
#include "storage/search_repository.h"
#include "storage/settings_repository.h"
#include "storage/transaction.h"
#include "storage/turns.h"
#include "storage/version_repository.h"

namespace epi {

/// On the heap, because the repositories refer to the connection. The lock goes last.
struct StoreState {
    StoreState(std::optional<ProfileLock> profileLock, Database opened)
        : lock(std::move(profileLock)),
          database(std::move(opened)),
          conversations(database),
          messages(database),
          versions(database, messages),
          history(database),
          pins(database),
          transfer({conversations, messages, versions, history, pins}),
          episodes(database),
          runs(database),
          releasedCaches(database),
          search(database),
          settings(database) {}

    /// Runs `change` (which returns a Result) in one transaction.
    template <typename Change>
    auto inTransaction(Change change) -> decltype(change()) {
        EPI_TRY_ASSIGN(Transaction transaction, Transaction::begin(database));
        auto result = change();
        if (!result) return result;
        EPI_TRY(transaction.commit());
        return result;
    }

    std::optional<ProfileLock> lock;
    Database database;
    ConversationRepository conversations;
    MessageRepository messages;
    VersionRepository versions;
    HistoryRepository history;
    PinRepository pins;
    ChatTransfer transfer;
    EpisodeRepository episodes;
    RunRepository runs;
    ReleasedCaches releasedCaches;
    SearchRepository search;
    SettingsRepository settings;
};

namespace {

constexpr std::int64_t kBinMs = std::int64_t{30} * 24 * 60 * 60 * 1000;

Result<Database> openReadOnly(const std::filesystem::path& file) {
    EPI_TRY_ASSIGN(Database database, Database::open(file, Database::Access::kReadOnly));
    EPI_TRY_ASSIGN(const std::int64_t version, schemaVersion(database, allMigrations()));
    if (version == allMigrations().back().version) return database;
    return Error{ErrorCode::kIo,
                 file.string() + ": schema version " + std::to_string(allMigrations().back().version) +
                     " expected, " + std::to_string(version) +
                     " found, and another program holds the lock needed to bring it up to date"};
}

Result<Database> openReadWrite(const std::filesystem::path& file) {
    EPI_TRY_ASSIGN(Database database, Database::open(file, Database::Access::kReadWrite));
    EPI_TRY(schemaVersion(database, allMigrations()));
    EPI_TRY(database.enableDurableWrites());
    EPI_TRY(migrate(database, allMigrations()));
    return database;
}

}  // namespace

Store::Store(std::unique_ptr<StoreState> state) : state_(std::move(state)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Result<Store> Store::open(const std::filesystem::path& file) {
    std::error_code failure;
    const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
    if (std::filesystem::create_directories(folder, failure)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failure);
    }
    if (failure) return Error{ErrorCode::kIo, folder.string() + ": cannot create: " + failure.message()};
    EPI_TRY_ASSIGN(auto lock, ProfileLock::tryTake(file.string() + ".lock"));
    EPI_TRY_ASSIGN(Database database, lock ? openReadWrite(file) : openReadOnly(file));
    auto state = std::make_unique<StoreState>(std::move(lock), std::move(database));
    Store store(std::move(state));
    if (!store.isReadOnly()) store.tidy();
    return store;
}

void Store::tidy() {
    // On a full disk nothing of this can be done, and all chats can be read.
    const std::string kLater = "; it is tried again when the database is next opened";
    if (const auto settled = settleUnfinished(); !settled)
        logWarning(settled.error().message + " while replies that were cut off are marked" + kLater);
    if (const auto forgot = forgetOld(); !forgot)
        logWarning(forgot.error().message + " while old chats are deleted" + kLater);
}

Result<void> Store::settleUnfinished() {
    return state_->inTransaction([&]() -> Result<void> {
        EPI_TRY(state_->messages.cutOffStreaming());
        return state_->runs.pauseRunning();
    });
}

Result<void> Store::forgetOld() {
    const std::int64_t before = nowMs() - kBinMs;
    EPI_TRY_ASSIGN(const auto old, state_->history.binnedBefore(before));
    for (const std::int64_t id : old)
        EPI_TRY(deleteConversation(id));
    bool isErased = false;
    const auto purge = [&]() -> Result<void> {
        EPI_TRY_ASSIGN(const std::set<std::int64_t> conversations, state_->versions.purgeRemoved(before));
        isErased = !conversations.empty();
        for (const std::int64_t id : conversations)
            EPI_TRY(forgetErased(id));
        return isErased ? state_->search.forgetDeleted() : Result<void>();
    };
    EPI_TRY(state_->inTransaction(purge));
    return isErased ? forgetLog() : Result<void>();
}

Result<void> Store::forgetErased(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(const std::string memory, state_->episodes.currentMemory(conversationId));
    // A memory that may hold them quotes them in the descriptions of its episodes.
    if (memory.empty()) {
        EPI_TRY(state_->episodes.replace(conversationId, {}));
        EPI_TRY(state_->conversations.setMemoryHistory(conversationId, {}));
    }
    return state_->releasedCaches.addOutdatedOf(conversationId, memory);
}

Result<void> Store::forgetLog() {
    // The write-ahead log still holds what was deleted.
    return state_->database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

bool Store::isReadOnly() const {
    return state_->database.isReadOnly();
}

Result<std::vector<ConversationRecord>> Store::conversations() {
    return state_->conversations.all();
}

Result<ConversationRecord> Store::conversation(std::int64_t id) {
    return state_->conversations.find(id);
}

Result<ConversationRecord> Store::findConversation(std::string_view idOrSourceId) {
    return state_->conversations.find(idOrSourceId);
}

Result<std::int64_t> Store::createConversation(const ConversationRecord& conversation) {
    return state_->inTransaction([&] { return state_->conversations.insert(conversation); });
}

Result<std::int64_t> Store::importConversation(const ImportedConversation& imported) {
    EPI_TRY_ASSIGN(const ImportOutcome outcome, importChat(portableChatOf(imported)));
    return outcome.conversationId;
}

Result<ImportOutcome> Store::importChat(const PortableChat& chat) {
    return state_->inTransaction([&]() -> Result<ImportOutcome> {
        EPI_TRY_ASSIGN(ChatTransfer::Plan plan, state_->transfer.plan(chat));
        EPI_TRY(state_->releasedCaches.remove(std::vector{conversationKey(chat.uid)}));
        return state_->transfer.apply(chat, std::move(plan));
    });
}

Result<ImportOutcome> Store::previewImport(const PortableChat& chat) {
    EPI_TRY_ASSIGN(const ChatTransfer::Plan plan, state_->transfer.plan(chat));
    return plan.outcome;
}

Result<PortableChat> Store::portableChat(std::int64_t id) {
    return state_->transfer.portable(id);
}

Result<void> Store::renameConversation(std::int64_t id, std::string_view title) {
    return state_->inTransaction([&] { return state_->conversations.rename(id, title); });
}

Result<void> Store::setMemory(std::int64_t id, std::string_view memoryJson) {
    return state_->inTransaction([&] { return state_->conversations.setMemory(id, memoryJson); });
}

Result<void> Store::setInstructions(std::int64_t id,
                                    std::string_view systemPrompt,
                                    std::string_view samplingJson) {
    return state_->inTransaction(
        [&] { return state_->conversations.setInstructions(id, systemPrompt, samplingJson); });
}

Result<void> Store::deleteConversation(std::int64_t id) {
    const auto remove = [&]() -> Result<void> {
        EPI_TRY(state_->releasedCaches.addAllOf(id));
        EPI_TRY(state_->conversations.remove(id));
        return state_->search.forgetDeleted();
    };
    EPI_TRY(state_->inTransaction(remove));
    return forgetLog();
}

Result<std::vector<std::string>> Store::releasedCaches() {
    return state_->releasedCaches.all();
}

Result<void> Store::forgetReleasedCaches(std::span<const std::string> keys) {
    return state_->inTransaction([&] { return state_->releasedCaches.remove(keys); });
}

Result<std::vector<ConversationRecord>> Store::bin() {
    return state_->conversations.inBin();
}

Result<void> Store::setInBin(std::int64_t id, bool isInBin) {
    return state_->inTransaction([&] { return state_->history.setInBin(id, isInBin); });
}

Result<void> Store::setPinned(std::int64_t id, bool isPinned) {
    return state_->inTransaction([&] { return state_->history.setPinned(id, isPinned); });
}

Result<void> Store::setArchived(std::int64_t id, bool isArchived) {
    return state_->inTransaction([&] { return state_->history.setArchived(id, isArchived); });
}

Result<void> Store::setTags(std::int64_t id, std::span<const std::string> tags) {
    return state_->inTransaction([&] { return state_->history.setTags(id, tags); });
}

Result<std::vector<FolderRecord>> Store::folders() {
    return state_->history.folders();
}

Result<void> Store::setFolder(std::int64_t id, std::string_view folder) {
    return state_->inTransaction([&]() -> Result<void> {
        if (folder.empty()) return state_->history.setFolder(id, std::nullopt);
        EPI_TRY_ASSIGN(const std::int64_t folderId, state_->history.findOrAddFolder(folder));
        return state_->history.setFolder(id, folderId);
    });
}

Result<void> Store::renameFolder(std::int64_t folderId, std::string_view name) {
    return state_->inTransaction([&] { return state_->history.renameFolder(folderId, name); });
}

Result<void> Store::removeFolder(std::int64_t folderId) {
    return state_->inTransaction([&] { return state_->history.removeFolder(folderId); });
}

Result<std::string> Store::draft(std::int64_t id) {
    return state_->history.draft(id);
}

Result<void> Store::setDraft(std::int64_t id, std::string_view text) {
    return state_->inTransaction([&] { return state_->history.setDraft(id, text); });
}

Result<std::vector<MessageRecord>> Store::messages(std::int64_t conversationId, std::int64_t after) {
    return state_->messages.activeBranch(conversationId, after);
}

Result<void> Store::eachMessage(std::int64_t conversationId,
                                std::int64_t after,
                                const std::function<bool(MessageRecord&&)>& take,
                                const std::function<void(DamagedMessage&&)>& onDamaged) {
    return state_->messages.eachActive(conversationId, after, take, onDamaged);
}

Result<std::vector<std::int64_t>> Store::messageIds(std::int64_t conversationId, std::int64_t after) {
    return state_->messages.branchIds(conversationId, after);
}

Result<MessagePage> Store::messagePage(std::span<const std::int64_t> ids, std::int64_t maxBytes) {
    return state_->messages.page(ids, maxBytes);
}

Result<MessageRecord> Store::message(std::int64_t id) {
    return state_->messages.find(id);
}

Result<std::string> Store::historyDigest(std::int64_t conversationId) {
    EPI_TRY_ASSIGN(const ConversationRecord record, conversation(conversationId));
    std::vector<MessageRecord> readable;  // of what is damaged the engine is told nothing
    const auto take = [&](MessageRecord&& message) {
        readable.push_back(std::move(message));
        return true;
    };
    EPI_TRY(eachMessage(conversationId, 0, take, [](DamagedMessage&&) {}));
    return epi::historyDigest(ConversationText{.layout = record.layout,
                                               .systemPrompt = record.systemPrompt,
                                               .speakers = record.speakers,
                                               .turns = turnsOf(readable)});
}

Result<std::int64_t> Store::messageBytes(std::int64_t conversationId) {
    return state_->messages.branchBytes(conversationId);
}

Result<void> Store::setMessagePinned(std::int64_t id, bool isPinned) {
    return state_->inTransaction([&] { return state_->pins.set(id, isPinned); });
}

Result<void> Store::changePins(std::span<const std::int64_t> pinned, std::span<const std::int64_t> unpinned) {
    return state_->inTransaction([&]() -> Result<void> {
        for (const std::int64_t id : pinned)
            EPI_TRY(state_->pins.set(id, true));
        for (const std::int64_t id : unpinned)
            EPI_TRY(state_->pins.set(id, false));
        return {};
    });
}

Result<std::vector<std::int64_t>> Store::pinnedMessages(std::int64_t conversationId) {
    return state_->pins.activeBranch(conversationId);
}

Result<std::optional<MessageRecord>> Store::lastFromEpisode(std::int64_t conversationId) {
    return state_->messages.lastFromEpisode(conversationId);
}

Result<MessageRecord> Store::appendMessage(const MessageRecord& message) {
    return state_->inTransaction([&]() -> Result<MessageRecord> {
        MessageRecord stored = message;
        stored.createdAtMs = 0;
        EPI_TRY(state_->conversations.touch(message.conversationId));
        EPI_TRY(state_->messages.append(message.conversationId, {&stored, 1}));
        return stored;
    });
}

Result<void> Store::updateMessage(std::int64_t id,
                                  std::string_view text,
                                  MessageState state,
                                  std::string_view details) {
    MessageRecord message;
    message.id = id;
    message.text = text;
    message.state = state;
    message.details = details;
    return state_->inTransaction([&] { return state_->messages.update(message); });
}

Result<std::vector<VersionPlace>> Store::versionPlaces(std::int64_t conversationId) {
    return state_->versions.places(conversationId);
}

Result<std::vector<std::int64_t>> Store::versions(std::int64_t messageId) {
    return state_->versions.versions(messageId);
}

Result<std::vector<MessageRecord>> Store::addVersion(std::int64_t messageId,
                                                     std::span<const MessageRecord> messages) {
    return state_->inTransaction([&]() -> Result<std::vector<MessageRecord>> {
        std::vector<MessageRecord> stored(messages.begin(), messages.end());
        for (MessageRecord& message : stored)
            message.createdAtMs = 0;
        EPI_TRY(state_->versions.add(messageId, stored));
        if (!stored.empty()) EPI_TRY(state_->conversations.touch(stored.front().conversationId));
        return stored;
    });
}

Result<void> Store::showVersion(std::int64_t messageId) {
    return state_->inTransaction([&] { return state_->versions.show(messageId); });
}

Result<std::vector<std::int64_t>> Store::removeTurn(std::int64_t messageId) {
    return state_->inTransaction([&] { return state_->versions.removeTurn(messageId); });
}

Result<void> Store::restoreTurn(std::span<const std::int64_t> messageIds) {
    return state_->inTransaction([&] { return state_->versions.restore(messageIds); });
}

Result<std::vector<std::int64_t>> Store::removedMessages(std::int64_t conversationId) {
    return state_->versions.removed(conversationId);
}

Result<SearchResults> Store::search(const SearchQuery& query) {
    return state_->search.search(query);
}

Result<std::vector<PassageCandidate>> Store::recallCandidates(const RecallQuery& query) {
    EPI_TRY_ASSIGN(std::vector<PassageCandidate> candidates, state_->search.recallCandidates(query));
    EPI_TRY_ASSIGN(const std::vector<std::int64_t> pinned, state_->pins.activeBranch(query.conversationId));
    for (const std::int64_t id : pinned) {
        if (query.beforeMessage && id >= *query.beforeMessage) continue;
        const auto found = std::ranges::find(candidates, id, &PassageCandidate::turnId);
        if (found == candidates.end()) {
            candidates.push_back({.turnId = id, .isPinned = true});
        } else {
            found->isPinned = true;
        }
    }
    return candidates;
}

Result<void> Store::saveEpisodes(std::int64_t conversationId,
                                 std::span<const EpisodeRecord> episodes,
                                 const MemoryHistory& history) {
    return state_->inTransaction([&]() -> Result<void> {
        EPI_TRY(state_->episodes.replace(conversationId, episodes));
        return state_->conversations.setMemoryHistory(conversationId, history);
    });
}

Result<std::vector<EpisodeRecord>> Store::episodes(std::int64_t conversationId) {
    return state_->episodes.all(conversationId);
}

Result<std::vector<QuestionRecord>> Store::questions(std::int64_t conversationId) {
    return state_->conversations.questions(conversationId);
}

Result<RunRecord> Store::startOrResumeRun(std::int64_t conversationId, std::string_view settingsJson) {
    return state_->inTransaction([&] { return state_->runs.startOrResume(conversationId, settingsJson); });
}

Result<std::vector<RunRecord>> Store::runs(std::int64_t conversationId) {
    return state_->runs.all(conversationId);
}

Result<void> Store::saveAnswer(const AnswerRecord& answer) {
    return state_->inTransaction([&] { return state_->runs.saveAnswer(answer); });
}

Result<std::vector<AnswerRecord>> Store::answers(std::int64_t runId) {
    return state_->runs.answers(runId);
}

Result<void> Store::finishRun(std::int64_t runId) {
    return state_->inTransaction([&] { return state_->runs.finish(runId); });
}

Result<std::optional<std::string>> Store::setting(std::string_view key) {
    return state_->settings.find(key);
}

Result<void> Store::setSetting(std::string_view key, std::string_view value) {
    return state_->inTransaction([&] { return state_->settings.set(key, value); });
}

}  // namespace epi
