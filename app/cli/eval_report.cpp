#include "app/cli/eval_report.h"

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "core/base/printable.h"

namespace epi {
namespace {

std::string lineOf(const std::string& name, const Mean& mean) {
    char score[32];
    std::snprintf(score, sizeof score, "%.4f", mean.score);
    return name + "\t" + counted(mean.questions, "question") + "\tF1 " + score + "\n";
}

}  // namespace

Result<EvalReport> reportOf(Store& store, const ConversationRecord& conversation, const RunRecord& run) {
    EPI_TRY_ASSIGN(const std::vector<QuestionRecord> questions, store.questions(conversation.id));
    EPI_TRY_ASSIGN(const std::vector<AnswerRecord> answers, store.answers(run.id));
    std::map<std::int64_t, const BenchmarkQuestion*> byId;
    for (const QuestionRecord& record : questions)
        byId[record.id] = &record.question;
    EvalReport report{.settings = run.settings, .rows = {}};
    for (const AnswerRecord& answer : answers) {
        const auto question = byId.find(answer.questionId);
        if (question == byId.end()) {
            return Error{ErrorCode::kCorruptData,
                         "run " + std::to_string(run.id) + " answers question " +
                             std::to_string(answer.questionId) + ", which conversation " +
                             std::to_string(conversation.id) + " does not have"};
        }
        report.rows.push_back(
            {.conversation = conversation.sourceId.empty() ? conversation.title : conversation.sourceId,
             .question = question->second->question,
             .gold = question->second->answer,
             .answer = answer.text,
             .category = question->second->category,
             .f1 = answer.f1,
             .episode = answer.episode,
             .similarity = answer.similarity,
             .seconds = answer.seconds,
             .likelihood = answer.likelihood});
    }
    return report;
}

nlohmann::json describe(const Means& means, const std::string& score) {
    nlohmann::json categories = nlohmann::json::array();
    for (const CategoryMean& each : means.categories) {
        categories.push_back(
            {{"category", each.category}, {"questions", each.mean.questions}, {score, each.mean.score}});
    }
    return {{"overall", {{"questions", means.overall.questions}, {score, means.overall.score}}},
            {"categories", std::move(categories)}};
}

std::string textOf(const Means& means) {
    std::string text;
    for (const CategoryMean& each : means.categories)
        text += lineOf("category " + std::to_string(each.category), each.mean);
    return text + lineOf("overall", means.overall);
}

}  // namespace epi
