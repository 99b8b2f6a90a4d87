#include "ui/evaluation/evaluation_session.h"

#include <algorithm>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "core/eval/metric.h"
#include "core/wire/options_json.h"
#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr std::int32_t kAnswerTokens = 64;  // benchmark answers are short phrases

/// The options of a stored text; the defaults where there is none that can be read.
MemoryOptions memoryOf(const std::string& json) {
    const auto options = memoryOptionsFromJsonText(json);
    return options ? *options : MemoryOptions{};
}

double scoreOf(std::string_view answer, std::string_view gold) {
    static const Result<const Metric*> metric = findMetric("token_f1");
    return metric ? (*metric)->score(answer, gold) : 0.0;
}

}  // namespace

std::string EvaluationPlan::toJson(const ModelLoaded& model, const std::string& history) const {
    QJsonArray categoryList;
    for (const std::int32_t category : categories)
        categoryList.append(category);
    const QJsonObject memoryObject =
        QJsonDocument::fromJson(QByteArray::fromStdString(toJsonText(memory))).object();
    const QJsonObject object{
        {u"model"_s, toQString(model.title)},
        {u"identity"_s, toQString(model.identity)},
        {u"history"_s, toQString(history)},
        {u"memory"_s, memoryObject},
        {u"sampling"_s,
         QJsonObject{{u"temperature"_s, sampling.temperature}, {u"maxTokens"_s, sampling.maxTokens}}},
        {u"categories"_s, categoryList},
        {u"limit"_s, limit}};
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

EvaluationPlan EvaluationPlan::fromJson(std::string_view json) {
    const QByteArray bytes(json.data(), static_cast<qsizetype>(json.size()));
    const QJsonObject object = QJsonDocument::fromJson(bytes).object();
    EvaluationPlan plan;
    const QByteArray memory = QJsonDocument(object[u"memory"_s].toObject()).toJson(QJsonDocument::Compact);
    plan.memory = memoryOf(memory.toStdString());
    plan.sampling.temperature = object[u"sampling"_s][u"temperature"_s].toDouble();
    plan.sampling.maxTokens = object[u"sampling"_s][u"maxTokens"_s].toInt(kAnswerTokens);
    for (const QJsonValue& category : object[u"categories"_s].toArray())
        plan.categories.insert(category.toInt());
    plan.limit = object[u"limit"_s].toInt();
    return plan;
}

EvaluationSession::EvaluationSession(EngineClient& engine,
                                     StoreClient& store,
                                     ConversationSync& sync,
                                     QObject* parent)
    : QObject(parent), engine_(engine), store_(store), sync_(sync) {
    connect(&engine_, &EngineClient::evalAnswered, this, [this](JobId job, const EvalAnswer& answer) {
        if (job == job_) onAnswer(answer);
    });
    connect(&engine_, &EngineClient::evalDone, this, [this](JobId job) {
        if (job == job_) onDone();
    });
    connect(&engine_, &EngineClient::progressed, this, [this](JobId job, const Progress& progress) {
        if (job == job_) Q_EMIT
        progressed(progress);
    });
    connect(&engine_, &EngineClient::failed, this, [this](JobId job, const Error& error) {
        if (job != job_ || job_ == 0) return;
        job_ = 0;
        setState(State::kPaused);
        if (error.code != ErrorCode::kCancelled) Q_EMIT
        failed(error);
    });
}

void EvaluationSession::open(qint64 conversationId) {
    if (conversationId == conversation_.id || job_ != 0 || state_ == State::kStarting) return;
    conversation_ = {};
    conversation_.id = conversationId;
    store_.request(
        this,
        [id = conversationId](Store& store) -> Result<Loaded> {
            Loaded loaded;
            EPI_TRY_ASSIGN(loaded.conversation, store.conversation(id));
            EPI_TRY_ASSIGN(loaded.questions, store.questions(id));
            EPI_TRY_ASSIGN(loaded.pins, store.pinnedMessages(id));
            EPI_TRY_ASSIGN(std::vector<RunRecord> runs, store.runs(id));
            const auto latest = std::ranges::max_element(runs, {}, &RunRecord::startedAtMs);
            if (latest == runs.end()) return loaded;
            loaded.run = *latest;
            EPI_TRY_ASSIGN(loaded.answers, store.answers(latest->id));
            return loaded;
        },
        [this](Result<Loaded> loaded) {
            if (!loaded) {
                Q_EMIT
                failed(loaded.error());
            } else if (loaded->conversation.id == conversation_.id) {
                onLoaded(*std::move(loaded));
            }
        });
}

void EvaluationSession::onLoaded(Loaded loaded) {
    conversation_ = std::move(loaded.conversation);
    questions_ = std::move(loaded.questions);
    plan_ = {};
    plan_.memory = memoryOf(conversation_.memory);
    plan_.memory.pinnedTurns = std::move(loaded.pins);
    plan_.sampling.maxTokens = kAnswerTokens;
    run_.reset();
    answers_.clear();
    if (loaded.run) {
        plan_ = EvaluationPlan::fromJson(loaded.run->settings);
        assign(*loaded.run, loaded.answers);
    }
    select();
    Q_EMIT
    opened();
    if (questions_.empty()) {
        setState(State::kEmpty);
    } else if (!run_) {
        setState(State::kIdle);
    } else {
        setState(run_->state == "done" ? State::kDone : State::kPaused);
    }
}

void EvaluationSession::start(const EvaluationPlan& plan) {
    const bool isBusy = state_ == State::kRunning || state_ == State::kStarting || state_ == State::kEmpty;
    if (isBusy) return;
    plan_ = plan;
    if (plan_.sampling.maxTokens == SamplingOptions{}.maxTokens) plan_.sampling.maxTokens = kAnswerTokens;
    select();
    setState(State::kStarting);
    const ModelLoaded model = engine_.model() ? *engine_.model() : ModelLoaded();
    store_.request(
        this,
        [id = conversation_.id, plan = plan_, model, selected = selected_](Store& store) -> Result<Started> {
            Started started;
            EPI_TRY_ASSIGN(const std::string history, store.historyDigest(id));
            EPI_TRY_ASSIGN(started.run, store.startOrResumeRun(id, plan.toJson(model, history)));
            EPI_TRY_ASSIGN(started.answers, store.answers(started.run.id));
            for (const QuestionRecord& each : selected) {
                EPI_TRY_ASSIGN(
                    started.passages[each.id],
                    store.recallCandidates({.conversationId = id, .question = each.question.question}));
            }
            return started;
        },
        [this](Result<Started> started) {
            if (started) {
                onStarted(*std::move(started));
            } else {
                setState(State::kIdle);
                Q_EMIT
                failed(started.error());
            }
        });
}

void EvaluationSession::onStarted(Started started) {
    assign(started.run, started.answers);
    Q_EMIT
    opened();
    EvalBatch batch{.conversation = engineName(conversation_.id),
                    .memory = plan_.memory,
                    .sampling = plan_.sampling,
                    .questions = {}};
    for (const QuestionRecord& question : selected_) {
        if (answers_.contains(question.id)) continue;
        batch.questions.push_back({.id = question.id,
                                   .question = question.question.question,
                                   .category = question.question.category,
                                   .passages = std::move(started.passages[question.id])});
    }
    if (batch.questions.empty()) {
        onDone();
        return;
    }
    sync_.run(
        this, {.conversation = conversation_}, [this, batch = std::move(batch)](const Result<void>& told) {
            if (told) {
                job_ = engine_.post(batch);
                setState(State::kRunning);
                return;
            }
            setState(State::kPaused);
            Q_EMIT
            failed(told.error());
        });
}

void EvaluationSession::pause() {
    if (job_ != 0) engine_.cancel(job_);
}

void EvaluationSession::onAnswer(const EvalAnswer& answer) {
    const auto question = std::ranges::find(selected_, answer.questionId, &QuestionRecord::id);
    if (question == selected_.end()) return;
    AnswerRecord record{.runId = run_->id,
                        .questionId = answer.questionId,
                        .text = answer.text,
                        .f1 = scoreOf(answer.text, question->question.answer),
                        .episode = answer.episode,
                        .similarity = answer.similarity,
                        .seconds = answer.seconds};
    answers_[record.questionId] = record;
    store_.write([record = std::move(record)](Store& store) { return store.saveAnswer(record); });
    Q_EMIT
    answered(answer.questionId);
}

void EvaluationSession::onDone() {
    job_ = 0;
    store_.write([id = run_->id](Store& store) { return store.finishRun(id); });
    setState(State::kDone);
}

void EvaluationSession::assign(const RunRecord& run, const std::vector<AnswerRecord>& answers) {
    run_ = run;
    answers_.clear();
    for (const AnswerRecord& answer : answers)
        answers_[answer.questionId] = answer;
}

void EvaluationSession::select() {
    selected_.clear();
    for (const QuestionRecord& question : questions_) {
        const bool isWanted =
            plan_.categories.empty() || plan_.categories.contains(question.question.category);
        const bool isFull = plan_.limit > 0 && static_cast<std::int32_t>(selected_.size()) >= plan_.limit;
        if (isWanted && !isFull) selected_.push_back(question);
    }
}

const AnswerRecord* EvaluationSession::answerTo(std::int64_t questionId) const {
    const auto found = answers_.find(questionId);
    return found == answers_.end() ? nullptr : &found->second;
}

EvalReport EvaluationSession::report() const {
    EvalReport report{.settings = run_ ? run_->settings : plan_.toJson({}, {}), .rows = {}};
    const std::string& conversation =
        conversation_.sourceId.empty() ? conversation_.title : conversation_.sourceId;
    for (const QuestionRecord& question : selected_) {
        const AnswerRecord* answer = answerTo(question.id);
        if (answer == nullptr) continue;
        report.rows.push_back({.conversation = conversation,
                               .question = question.question.question,
                               .gold = question.question.answer,
                               .answer = answer->text,
                               .category = question.question.category,
                               .f1 = answer->f1,
                               .episode = answer->episode,
                               .similarity = answer->similarity,
                               .seconds = answer->seconds});
    }
    return report;
}

void EvaluationSession::setState(State state) {
    state_ = state;
    Q_EMIT
    stateChanged();
}

}  // namespace epi
