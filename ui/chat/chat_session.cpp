#include "ui/chat/chat_session.h"

#include <algorithm>

#include <QLocale>
#include <QRandomGenerator>

#include "core/sampling/sampler.h"
#include "core/wire/options_json.h"
#include "ui/bridge/text.h"
#include "ui/chat/conversation_turns.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kTitleLength = 60;
// How another reply is drawn where the likeliest token is always taken: it would be the same one.
constexpr double kOtherTemperature = 0.7;
constexpr double kOtherTopP = 0.95;

QString titleFor(const QString& question) {
    const QString line = question.simplified();
    return line.size() <= kTitleLength ? line : line.left(kTitleLength - 1) + u'…';
}

QString statusText(const Progress& progress) {
    const QLocale locale;
    const QString total =
        progress.total > 0 ? locale.toString(static_cast<qlonglong>(progress.total)) : QString();
    if (progress.phase == "loading") return ChatSession::tr("Loading the memory…");
    if (progress.phase == "matching") return ChatSession::tr("Finding the episode that fits…");
    if (progress.phase == "embedding") return ChatSession::tr("Reading what the conversation is about…");
    if (progress.phase == "clustering") return ChatSession::tr("Sorting the conversation into episodes…");
    if (progress.phase == "reading" && progress.episode >= 0) {
        return ChatSession::tr("Building memory, episode %1 of %2…")
            .arg(progress.episode + 1)
            .arg(progress.episodes);
    }
    if (progress.phase == "reading" && !total.isEmpty())
        return ChatSession::tr("Reading %1 tokens…").arg(total);
    if (progress.phase == "reading") return ChatSession::tr("Reading…");
    return ChatSession::tr("Answering…");
}

}  // namespace

ChatSession::ChatSession(EngineClient& engine,
                         StoreClient& store,
                         ConversationRecord conversation,
                         QObject* parent)
    : QObject(parent),
      engine_(engine),
      store_(store),
      conversation_(std::move(conversation)),
      memory_(
          engine, store, [this] { synchronise(records_.size()); }, this),
      isLoaded_(conversation_.id == 0) {
    connect(&engine_, &EngineClient::textArrived, this, [this](JobId job, const QString& text) {
        if (job == job_ && writer_) writer_->add(text);
    });
    connect(&engine_, &EngineClient::progressed, this, [this](JobId job, const Progress& progress) {
        if (job == job_) onProgress(progress);
    });
    connect(&engine_, &EngineClient::turnDone, this, [this](JobId job, const TurnDone& turn) {
        if (job == job_) onTurnDone(turn);
    });
    connect(&engine_, &EngineClient::failed, this, [this](JobId job, const Error& error) {
        if (job == job_) onFailed(error);
    });
    connect(&engine_, &EngineClient::engineLost, this, &ChatSession::onEngineLost);
    connect(&memory_, &MemorySession::changed, this, [this] {
        QHash<qint64, int> episodes;
        for (const EpisodeRecord& episode : memory_.episodes()) {
            for (const std::int64_t turn : episode.turnIds)
                episodes.insert(turn, episode.index);
        }
        messages_.setEpisodes(episodes);
    });
}

void ChatSession::load() {
    if (isLoaded_) return;
    store_.request(
        this,
        [id = conversation_.id](Store& store) { return readBranch(store, id, 0); },
        [this](Result<Branch>&& branch) {
            if (!branch) {
                Q_EMIT
                failed(branch.error());
                return;
            }
            records_ = std::move(branch->messages);
            messages_.assign(records_);
            messages_.setVersions(branch->versions);
            findLastReply();
            isLoaded_ = true;
            Q_EMIT
            loaded();
            if (!settingsProblem_.isEmpty()) Q_EMIT
            noticed(tr("The settings of this chat cannot be used: %1. The defaults count instead.")
                        .arg(std::exchange(settingsProblem_, {})));
        });
    memory_.load(conversation_);
}

bool ChatSession::send(const QString& text) {
    if (state_ != State::kIdle || !isLoaded_ || text.trimmed().isEmpty()) return false;
    if (conversation_.id == 0) conversation_.title = toUtf8(titleFor(text));
    MessageRecord question;
    question.role = Role::kUser;
    question.text = toUtf8(text);
    setState(State::kStoring);
    store_.request(
        this,
        [conversation = conversation_, question](Store& store) mutable -> Result<Exchange> {
            Exchange exchange;
            exchange.conversationId = conversation.id;
            if (exchange.conversationId == 0) {
                EPI_TRY_ASSIGN(exchange.conversationId, store.createConversation(conversation));
            }
            question.conversationId = exchange.conversationId;
            EPI_TRY_ASSIGN(exchange.question, store.appendMessage(question));
            MessageRecord reply;
            reply.conversationId = exchange.conversationId;
            reply.role = Role::kAssistant;
            reply.state = MessageState::kStreaming;
            EPI_TRY_ASSIGN(exchange.reply, store.appendMessage(reply));
            return exchange;
        },
        [this, text](Result<Exchange> exchange) {
            if (exchange) {
                onStored(*exchange);
            } else {
                mustStop_ = false;
                setState(State::kIdle);
                Q_EMIT
                failed(exchange.error());
                Q_EMIT
                unsent(text, 0);
            }
        });
    return true;
}

void ChatSession::onStored(const Exchange& exchange) {
    const bool isNew = conversation_.id == 0;
    conversation_.id = exchange.conversationId;
    memory_.setConversation(conversation_.id);
    for (const MessageRecord& record : {exchange.question, exchange.reply}) {
        records_.push_back(record);
        messages_.append(record);
    }
    conversation_.messageCount = static_cast<std::int64_t>(records_.size());
    if (isNew) Q_EMIT
    created(conversation_.id);
    Q_EMIT
    stored();
    ask(records_.size() - 2, {});
}

void ChatSession::ask(std::size_t questionIndex, const AskFor& how) {
    failedRow_ = -1;
    writer_ = std::make_unique<ReplyWriter>(store_, messages_, static_cast<int>(questionIndex) + 1, nullptr);
    const MessageRecord& asked = records_[questionIndex];
    Ask question;
    question.conversation = engineName(conversation_.id);
    question.question = asked.text;
    question.memory = memory_.options();
    question.sampling = samplingFor(how);
    question.episode = how.episode;
    question.replyBegin = how.replyBegin;
    const RecallQuery query{
        .conversationId = conversation_.id, .question = asked.text, .beforeMessage = asked.id};
    store_.request(
        this,
        [query, question = std::move(question)](Store& store) mutable -> Result<Ask> {
            EPI_TRY_ASSIGN(question.passages, store.recallCandidates(query));
            return std::move(question);
        },
        [this, questionIndex](Result<Ask> command) {
            if (command) {
                post(questionIndex, *std::move(command));
            } else {
                mustStop_ = false;
                onFailed(command.error());
            }
        });
}

void ChatSession::post(std::size_t questionIndex, Ask command) {
    if (std::exchange(mustStop_, false)) {
        finishReply(writer_->text(), MessageState::kStopped, {});
        return;
    }
    synchronise(questionIndex);
    job_ = engine_.post(std::move(command));
    setState(State::kAnswering);
}

SamplingOptions ChatSession::samplingFor(const AskFor& how) const {
    SamplingOptions sampling = sampling_;
    if (how.isAnother && sampling.temperature == 0.0) {
        sampling.temperature = kOtherTemperature;
        sampling.topP = kOtherTopP;
    }
    if (sampling.seed == 0) sampling.seed = QRandomGenerator::global()->generate();
    return sampling;
}

void ChatSession::synchronise(std::size_t messageCount) {
    const auto end = records_.begin() + static_cast<std::ptrdiff_t>(messageCount);
    engine_.sync(syncOf(conversation_, {records_.begin(), end}));
}

void ChatSession::stop() {
    if (state_ == State::kAnswering) engine_.cancel(job_);
    if (state_ == State::kStoring) mustStop_ = true;
}

void ChatSession::onProgress(const Progress& progress) {
    if (writer_) messages_.setStatus(writer_->row(), statusText(progress));
    Q_EMIT
    progressed(progress);
}

void ChatSession::onTurnDone(const TurnDone& turn) {
    const bool isStopped = turn.reason == "cancelled";
    finishReply(toQString(turn.text),
                isStopped ? MessageState::kStopped : MessageState::kComplete,
                ReplyDetails::of(turn));
    if (!turn.notice.empty()) noticed(sentence(turn.notice));
}

void ChatSession::onFailed(const Error& error) {
    ReplyDetails details;
    const bool isStopped = error.code == ErrorCode::kCancelled;
    if (!isStopped) details.error = describe(error);
    const int row = writer_->row();
    finishReply(writer_->text(), isStopped ? MessageState::kStopped : MessageState::kFailed, details);
    if (!isStopped) failedRow_ = row;
}

void ChatSession::onEngineLost(const QString& reason) {
    if (failedRow_ < 0) return;
    // The failure just before was the loss: what was said is kept as cut off, and says why.
    const int row = std::exchange(failedRow_, -1);
    ReplyDetails details;
    details.error = tr("The engine stopped: %1.").arg(reason);
    writer_ = std::make_unique<ReplyWriter>(store_, messages_, row, nullptr);
    finishReply(messages_.at(row).text, MessageState::kCutOff, details);
}

void ChatSession::finishReply(const QString& text, MessageState state, const ReplyDetails& details) {
    writer_->finish(text, state, details);
    MessageRecord& record = records_[static_cast<std::size_t>(writer_->row())];
    record.text = toUtf8(text);
    record.state = state;
    record.details = details.toJson();
    writer_.reset();
    job_ = 0;
    if (details.episode) lastReply_ = details;
    setState(State::kIdle);
    Q_EMIT
    replyFinished();
    Q_EMIT
    stored();
}

void ChatSession::setDefaults(const Persona& defaults) {
    if (conversation_.id == 0 && conversation_.sampling.empty())
        conversation_.systemPrompt = toUtf8(defaults.systemPrompt);
    if (conversation_.sampling.empty()) {
        sampling_ = defaults.sampling;
        return;
    }
    auto own = samplingOptionsFromJsonText(conversation_.sampling);
    const auto checked = own ? checkSampling(*own) : Result<void>(own.error());
    sampling_ = checked ? *std::move(own) : defaults.sampling;
    // Told when the chat is shown: nobody listens before.
    if (!checked) settingsProblem_ = toQString(checked.error().message);
}

void ChatSession::setInstructions(const QString& systemPrompt, const SamplingOptions& sampling) {
    conversation_.systemPrompt = toUtf8(systemPrompt);
    conversation_.sampling = toJsonText(sampling);
    sampling_ = sampling;
    // A chat without a row takes them along when it gets one.
    if (conversation_.id == 0) return;
    store_.write([id = conversation_.id, prompt = conversation_.systemPrompt, json = conversation_.sampling](
                     Store& store) { return store.setInstructions(id, prompt, json); });
}

void ChatSession::findLastReply() {
    lastReply_.reset();
    for (int row = messages_.rowCount() - 1; row >= 0 && !lastReply_; --row) {
        if (messages_.at(row).details.episode) lastReply_ = messages_.at(row).details;
    }
}

void ChatSession::setTitle(const QString& title) {
    conversation_.title = toUtf8(title);
}

std::string ChatSession::turnText(qint64 messageId) const {
    const int row = messages_.rowOf(messageId);
    if (row < 0) return {};
    const auto turns = turnsOf({records_[static_cast<std::size_t>(row)]});
    return turns.empty() ? std::string() : turns.front().text;
}

qint64 ChatSession::characterCount() const {
    qint64 count = 0;
    for (const MessageRecord& record : records_)
        count += static_cast<qint64>(record.text.size());
    return count;
}

void ChatSession::setState(State state) {
    state_ = state;
    Q_EMIT
    answeringChanged();
}

}  // namespace epi
