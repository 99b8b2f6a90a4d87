#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include <QObject>

#include "core/eval/report.h"
#include "storage/records.h"
#include "ui/bridge/conversation_sync.h"
#include "ui/bridge/engine_client.h"
#include "ui/bridge/store_client.h"

namespace epi {

/// What an evaluation run asks and how.
struct EvaluationPlan {
    MemoryOptions memory;
    SamplingOptions sampling;
    std::set<std::int32_t> categories{};  // empty: all
    std::int32_t limit = 0;               // first so many questions; 0: all

    bool operator==(const EvaluationPlan&) const = default;

    /// One text per plan, model and history (Store::historyDigest): what a run is found by when it is
    /// resumed.
    [[nodiscard]] std::string toJson(const ModelLoaded& model, const std::string& history) const;
    static EvaluationPlan fromJson(std::string_view json);
};

/// Asks the benchmark questions of one conversation and keeps each answer as soon as it is there, so that a
/// kill costs at most the question being answered. GUI thread only.
class EvaluationSession final : public QObject {
    Q_OBJECT

public:
    enum class State { kEmpty, kIdle, kStarting, kRunning, kPaused, kDone };

    EvaluationSession(EngineClient& engine, StoreClient& store, ConversationSync& sync, QObject* parent);

    /// Reads a conversation's questions and its latest run.
    void open(qint64 conversationId);
    /// Starts a run or goes on with the unfinished one of the same plan, model and history.
    void start(const EvaluationPlan& plan);
    void pause();

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] qint64 conversationId() const { return conversation_.id; }
    [[nodiscard]] QString title() const { return QString::fromStdString(conversation_.title); }
    [[nodiscard]] const std::vector<QuestionRecord>& questions() const { return questions_; }
    /// The questions of the run, in order.
    [[nodiscard]] const std::vector<QuestionRecord>& selected() const { return selected_; }
    [[nodiscard]] const AnswerRecord* answerTo(std::int64_t questionId) const;
    [[nodiscard]] int answerCount() const { return static_cast<int>(answers_.size()); }
    [[nodiscard]] const EvaluationPlan& plan() const { return plan_; }
    [[nodiscard]] EvalReport report() const;

Q_SIGNALS:
    /// Questions, run and answers are others than before.
    void opened();
    void stateChanged();
    void answered(qint64 questionId);
    void progressed(const epi::Progress& progress);
    void failed(const epi::Error& error);

private:
    struct Loaded {
        ConversationRecord conversation;
        std::vector<QuestionRecord> questions;
        std::optional<RunRecord> run;
        std::vector<AnswerRecord> answers;
        std::vector<std::int64_t> pins;
    };
    struct Started {
        RunRecord run;
        std::vector<AnswerRecord> answers;
        std::map<std::int64_t, std::vector<PassageCandidate>> passages;  // by question
    };

    void onLoaded(Loaded loaded);
    void onStarted(Started started);
    void onAnswer(const EvalAnswer& answer);
    void onDone();
    void select();
    void assign(const RunRecord& run, const std::vector<AnswerRecord>& answers);
    void setState(State state);

    EngineClient& engine_;
    StoreClient& store_;
    ConversationSync& sync_;
    State state_ = State::kEmpty;
    ConversationRecord conversation_;
    std::vector<QuestionRecord> questions_;
    std::vector<QuestionRecord> selected_;
    std::map<std::int64_t, AnswerRecord> answers_;
    EvaluationPlan plan_;
    std::optional<RunRecord> run_;
    JobId job_ = 0;
};

}  // namespace epi
