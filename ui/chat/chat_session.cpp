#include "ui/chat/chat_session.h"

#include <algorithm>

#include <QLocale>
#include <QRandomGenerator>

#include "core/sampling/sampler.h"
#include "core/wire/options_json.h"
#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kTitleLength = 60;
// How another reply is drawn where the likeliest token is always taken: it would be the same one.
constexpr double kOtherTemperature = 0.7;
constexpr double kOtherTopP = 0.95;
constexpr qsizetype kReadAtOpening = 256;  // messages from the end

QString titleFor(const QString& question) {
    const QString line = question.simplified();
    return line.size() <= kTitleLength ? line : line.left(kTitleLength - 1) + u'…';
}

QString statusText(const Progress& progress) {
    if (progress.phase == "loading") return ChatSession::tr("Loading the memory…");
    if (progress.phase == "matching") return ChatSession::tr("Finding the episode that fits…");
    if (progress.phase == "embedding") return ChatSession::tr("Reading what the conversation is about…");
    if (progress.phase == "clustering") return ChatSession::tr("Sorting the conversation into episodes…");
    if (progress.phase == "reading" && progress.episode >= 0) {
        return ChatSession::tr("Building memory, episode %1 of %2…")
            .arg(progress.episode + 1)
            .arg(progress.episodes);
    }
    if (progress.phase == "reading" && progress.episodes > 1)
        return ChatSession::tr(
            "Reading the history, one cache for %n episode(s)…", nullptr, progress.episodes);
    if (progress.phase == "reading" && progress.total > 0)
        return ChatSession::tr("Reading %Ln token(s)…", nullptr, static_cast<int>(progress.total));
    if (progress.phase == "reading") return ChatSession::tr("Reading…");
    return ChatSession::tr("Answering…");
}

}  // namespace

ChatSession::ChatSession(EngineClient& engine,
                         StoreClient& store,
                         ConversationSync& sync,
                         ConversationRecord conversation)
    : engine_(engine),
      store_(store),
      sync_(sync),
      conversation_(std::move(conversation)),
      memory_(
          engine,
          store,
          sync,
          [this] { return ConversationSync::Scope{.conversation = conversation_}; },
          this),
      isLoaded_(conversation_.id == 0) {
    messages_.setReader([this](QObject* context, std::vector<std::int64_t> ids, auto reply) {
        store_.request(
            this,
            [ids = std::move(ids)](Store& opened) -> Result<std::vector<MessageItem>> {
                return readItems(opened, ids);
            },
            [this, context = QPointer<QObject>(context), reply = std::move(reply)](
                Result<std::vector<MessageItem>> items) {
                if (!items) {
                    Q_EMIT
                    failed(items.error());
                } else if (context) {
                    reply(*std::move(items));
                }
            });
    });
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
    connect(&sync_, &ConversationSync::leftOut, this, [this](qint64 id, int messages) {
        if (id == conversation_.id) Q_EMIT
        noticed(
            tr("%n damaged message(s) of this chat cannot be read. The model answers without what was said "
               "in the "
               "same turn.",
               nullptr,
               messages));
    });
    connect(&memory_, &MemorySession::changed, this, [this] { messages_.setEpisodes(memory_.episodes()); });
}

void ChatSession::load() {
    if (isLoaded_) return;
    store_.request(
        this,
        [id = conversation_.id](Store& store) -> Result<Branch> {
            Branch branch;
            EPI_TRY_ASSIGN(const auto ids, store.messageIds(id));
            EPI_TRY_ASSIGN(branch.versions, store.versionPlaces(id));
            EPI_TRY_ASSIGN(branch.pins, store.pinnedMessages(id));
            branch.ids = QList<qint64>(ids.begin(), ids.end());
            const std::size_t last = std::min<std::size_t>(ids.size(), kReadAtOpening);
            branch.items = readItems(store, std::span(ids).last(last));
            return branch;
        },
        [this](Result<Branch>&& branch) {
            if (!branch) {
                Q_EMIT
                failed(branch.error());
                return;
            }
            messages_.assign(std::move(branch->ids), std::move(branch->items));
            messages_.setVersions(branch->versions);
            showPins(branch->pins);
            isLoaded_ = true;
            measure();
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
            EPI_TRY_ASSIGN(exchange.wasInBin, takeOutOfBin(store, exchange.conversationId));
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
    for (const MessageRecord& record : {exchange.question, exchange.reply})
        messages_.append(itemOf(record));
    conversation_.messageCount = messages_.rowCount();
    characters_ += std::ssize(exchange.question.text);
    if (isNew) Q_EMIT
    created(conversation_.id);
    Q_EMIT
    stored();
    if (exchange.wasInBin) tellOutOfBin();
    ask(messages_.rowCount() - 2, {});
}

void ChatSession::ask(int questionRow, const AskFor& how) {
    failedRow_ = -1;
    writer_ = std::make_unique<ReplyWriter>(store_, messages_, questionRow + 1, nullptr);
    const MessageItem& asked = messages_.at(questionRow);
    Ask question;
    question.conversation = engineName(conversation_.id);
    question.question = toUtf8(asked.text);
    question.memory = asked_ = memory_.options();
    question.pins = memory_.pins();
    question.sampling = samplingFor(how);
    question.episode = how.episode;
    question.replyBegin = how.replyBegin;
    const RecallQuery query{
        .conversationId = conversation_.id, .question = question.question, .beforeMessage = asked.id};
    store_.request(
        this,
        [query, question = std::move(question)](Store& store) mutable -> Result<Ask> {
            EPI_TRY_ASSIGN(question.passages, store.recallCandidates(query));
            return std::move(question);
        },
        [this, id = asked.id](Result<Ask> command) {
            if (command && !mustStop_) return post(id, *std::move(command));
            const bool isStopped = std::exchange(mustStop_, false);
            onFailed(isStopped ? Error{ErrorCode::kCancelled, "cancelled"} : command.error());
        });
}

void ChatSession::post(qint64 questionId, Ask command) {
    const ConversationSync::Scope scope{.conversation = conversation_, .endBefore = questionId};
    sync_.run(this, scope, [this, command = std::move(command)](const Result<void>& told) {
        mustStop_ = false;
        if (!told) return onFailed(told.error());
        job_ = engine_.post(command);
        setState(State::kAnswering);
    });
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

void ChatSession::stop() {
    if (state_ == State::kAnswering) engine_.cancel(job_);
    if (state_ != State::kStoring) return;
    mustStop_ = true;
    sync_.cancel(this);
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
    memory_.notePinned(turn.pinnedTurns);
    if (!turn.notices.empty()) noticed(describe(turn.notices));
    if (!turn.isRegrouped) return;
    // What was built is asked for, not what was chosen or pinned meanwhile.
    asked_.pinnedTurns = turn.pinnedTurns;
    memory_.refresh(asked_);
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
    details.error = tr("The engine stopped: %1.").arg(messageText(toUtf8(reason.section(u'\n', 0, 0))));
    writer_ = std::make_unique<ReplyWriter>(store_, messages_, row, nullptr);
    finishReply(messages_.at(row).text, MessageState::kCutOff, details);
}

void ChatSession::finishReply(const QString& text, MessageState state, const ReplyDetails& details) {
    writer_->finish(text, state, details);
    // What the engine was told of it before, it may have been while it grew.
    sync_.noteChange(conversation_.id, messages_.ids()[writer_->row()]);
    characters_ += text.size();
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
    if (!checked) settingsProblem_ = messageText(checked.error().message);
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

void ChatSession::measure() {
    const std::uint64_t measuring = ++measuring_;
    lastReply_.reset();
    for (int row = messages_.rowCount() - 1; row >= 0 && messages_.isLoaded(row) && !lastReply_; --row) {
        if (messages_.at(row).details.episode) lastReply_ = messages_.at(row).details;
    }
    if (messages_.loadedCount() >= messages_.rowCount()) return;
    store_.request(
        this,
        [id = conversation_.id, known = lastReply_](Store& store) -> Result<Measures> {
            Measures measures{.lastReply = known};
            EPI_TRY_ASSIGN(measures.characters, store.messageBytes(id));
            if (known) return measures;
            EPI_TRY_ASSIGN(const auto last, store.lastFromEpisode(id));
            if (last) measures.lastReply = ReplyDetails::fromJson(last->details);
            return measures;
        },
        [this, measuring](Result<Measures> measures) {
            if (!measures) {
                Q_EMIT
                failed(measures.error());
                return;
            }
            if (measuring != measuring_) return;
            characters_ = measures->characters;
            if (!lastReply_) lastReply_ = std::move(measures->lastReply);
            Q_EMIT
            measured();
        });
}

void ChatSession::setTitle(const QString& title) {
    conversation_.title = toUtf8(title);
}

qint64 ChatSession::characterCount() const {
    qint64 count = 0;
    messages_.eachLoaded([&count](int, const MessageItem& item) { count += item.text.size(); });
    return messages_.loadedCount() >= messages_.rowCount() ? count : std::max(count, characters_);
}

void ChatSession::setState(State state) {
    state_ = state;
    Q_EMIT
    answeringChanged();
}

}  // namespace epi
