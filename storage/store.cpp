#include "storage/store.h"

#include <optional>
#include <system_error>
#include <utility>

#include "storage/conversation_repository.h"
#include "storage/database.h"
#include "storage/episode_repository.h"
#include "storage/field_hash.h"
#include "storage/message_repository.h"
#include "storage/migrations.h"
#include "storage/profile_lock.h"
#include "storage/run_repository.h"
#include "storage/search_repository.h"
#include "storage/settings_repository.h"
#include "storage/transaction.h"

namespace epi {

/// On the heap, because the repositories refer to the connection. The lock goes last.
struct StoreState {
    StoreState(std::optional<ProfileLock> profileLock, Database opened)
        : lock(std::move(profileLock)),
          database(std::move(opened)),
          conversations(database),
          messages(database),
          episodes(database),
          runs(database),
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
    EpisodeRepository episodes;
    RunRepository runs;
    SearchRepository search;
    SettingsRepository settings;
};

namespace {

std::string contentHash(const ImportedConversation& imported) {
    FieldHash hash;
    const auto addCount = [&hash](const auto& list) {
        hash.add(static_cast<std::int64_t>(list.size()));
    };
    hash.add(imported.sourceId).add(imported.title);
    addCount(imported.speakers);
    for (const std::string& speaker : imported.speakers) {
        hash.add(speaker);
    }
    addCount(imported.sessions);
    for (const ImportedSession& session : imported.sessions) {
        hash.add(session.number).add(session.date);
        addCount(session.turns);
        for (const ImportedTurn& turn : session.turns) {
            hash.add(turn.sourceId).add(turn.speaker).add(turn.text).add(turn.caption);
        }
    }
    for (const BenchmarkQuestion& question : imported.questions) {
        hash.add(question.question).add(question.answer).add(question.category);
        hash.add(question.adversarialAnswer);
        addCount(question.evidence);
        for (const std::string& evidence : question.evidence) {
            hash.add(evidence);
        }
    }
    return std::to_string(hash.digest());
}

std::vector<MessageRecord> messagesOf(const ImportedConversation& imported) {
    std::vector<MessageRecord> messages;
    for (const ImportedSession& session : imported.sessions) {
        for (const ImportedTurn& turn : session.turns) {
            MessageRecord message;
            message.speaker = turn.speaker;
            message.text = turn.text;
            message.caption = turn.caption;
            message.session = session.date;
            message.sourceId = turn.sourceId;
            messages.push_back(std::move(message));
        }
    }
    return messages;
}

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

/// What the program that wrote before left running.
Result<void> settleUnfinished(StoreState& state) {
    return state.inTransaction([&]() -> Result<void> {
        EPI_TRY(state.messages.cutOffStreaming());
        return state.runs.pauseRunning();
    });
}

}  // namespace

Store::Store(std::unique_ptr<StoreState> state) : state_(std::move(state)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Result<Store> Store::open(const std::filesystem::path& file) {
    std::error_code failure;
    if (std::filesystem::create_directories(file.parent_path(), failure)) {
        std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all, failure);
    }
    if (failure) {
        return Error{ErrorCode::kIo, file.parent_path().string() + ": cannot create: " + failure.message()};
    }
    EPI_TRY_ASSIGN(auto lock, ProfileLock::tryTake(file.string() + ".lock"));
    EPI_TRY_ASSIGN(Database database, lock ? openReadWrite(file) : openReadOnly(file));
    auto state = std::make_unique<StoreState>(std::move(lock), std::move(database));
    if (!state->database.isReadOnly()) EPI_TRY(settleUnfinished(*state));
    return Store(std::move(state));
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
    return state_->inTransaction([&] { return state_->conversations.insert(conversation, ""); });
}

Result<std::int64_t> Store::importConversation(const ImportedConversation& imported) {
    const std::string hash = contentHash(imported);
    return state_->inTransaction([&]() -> Result<std::int64_t> {
        EPI_TRY_ASSIGN(const auto existing, state_->conversations.findImported(imported.sourceId, hash));
        if (existing) return *existing;
        ConversationRecord record;
        record.sourceId = imported.sourceId;
        record.title = imported.title;
        record.layout = HistoryLayout::kNarrated;
        record.speakers = imported.speakers;
        EPI_TRY_ASSIGN(const std::int64_t id, state_->conversations.insert(record, hash));
        std::vector<MessageRecord> messages = messagesOf(imported);
        EPI_TRY(state_->messages.append(id, messages));
        EPI_TRY(state_->conversations.insertQuestions(id, imported.questions));
        return id;
    });
}

Result<void> Store::renameConversation(std::int64_t id, std::string_view title) {
    return state_->inTransaction([&] { return state_->conversations.rename(id, title); });
}

Result<void> Store::setMemory(std::int64_t id, std::string_view memoryJson) {
    return state_->inTransaction([&] { return state_->conversations.setMemory(id, memoryJson); });
}

Result<void> Store::deleteConversation(std::int64_t id) {
    const auto remove = [&]() -> Result<void> {
        EPI_TRY(state_->conversations.remove(id));
        return state_->search.forgetDeleted();
    };
    EPI_TRY(state_->inTransaction(remove));
    // The write-ahead log still holds what was deleted.
    return state_->database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<std::vector<MessageRecord>> Store::messages(std::int64_t conversationId) {
    return state_->messages.activeBranch(conversationId);
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

Result<SearchResults> Store::search(const SearchQuery& query) {
    return state_->search.search(query);
}

Result<TermCounts> Store::termCounts(std::int64_t conversationId, std::span<const std::string> words) {
    return state_->search.termCounts(conversationId, words);
}

Result<void> Store::saveEpisodes(std::int64_t conversationId, std::span<const EpisodeRecord> episodes) {
    return state_->inTransaction([&] { return state_->episodes.replace(conversationId, episodes); });
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
