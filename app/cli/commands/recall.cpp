#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "app/cli/passage_finder.h"
#include "app/cli/question_option.h"
#include "core/base/printable.h"
#include "core/eval/evidence.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPrintableText = 2000;

struct RecallCommandOptions {
    ConversationArguments conversation;
    RecallArguments recall;
    std::string question;
};

Result<void> recall(const RecallCommandOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openDatabase(options.conversation.database, DatabaseAccess::kExisting));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    EPI_TRY_ASSIGN(PassageFinder finder, PassageFinder::open(options.recall, context.output, context.cancel));
    EPI_TRY(finder.prepare(store, record));
    EPI_TRY_ASSIGN(const Recalled recalled, finder.find(store, options.question));
    std::map<std::int64_t, const Turn*> turnOf;
    for (const Turn& turn : finder.turns())
        turnOf[turn.id] = &turn;
    json turns = json::array();
    std::string lines;
    for (const QuotedPassage& passage : recalled.passages) {
        const Turn& turn = *turnOf.at(passage.turnId);
        const std::string text =
            turn.text.substr(static_cast<std::size_t>(passage.firstByte),
                             static_cast<std::size_t>(passage.endByte - passage.firstByte));
        turns.push_back({{"message", turn.id},
                         {"speaker", turn.speaker},
                         {"session", turn.session},
                         {"text", text},
                         {"score", passage.score},
                         {"tokens", passage.tokens}});
        lines += std::to_string(turn.id) + "\t" + printable(turn.session) + "\t" + printable(turn.speaker) +
                 "\t" + printable(text, kMaxPrintableText) + "\n";
    }
    const std::size_t tokens = recalled.ids.size();
    context.output.print({{"turns", std::move(turns)}, {"tokens", tokens}},
                         lines + counted(static_cast<std::int64_t>(tokens), "token") + " of " +
                             groupedSigned(options.recall.tokens));
    return {};
}

/// How often all evidence was quoted.
struct Hits {
    std::int64_t questions = 0;
    std::int64_t quoted = 0;

    [[nodiscard]] double share() const {
        return questions == 0 ? 0.0 : static_cast<double>(quoted) / static_cast<double>(questions);
    }
};

struct RecallEvaluation {
    std::map<std::int32_t, Hits> categories;
    Hits all;
    std::int64_t skipped = 0;  // without evidence, or with some that names no message
    std::int64_t tokens = 0;
    double seconds = 0.0;  // of looking for passages
};

Result<void> evaluate(PassageFinder& finder,
                      Store& store,
                      const ConversationRecord& conversation,
                      RecallEvaluation& evaluation) {
    EPI_TRY(finder.prepare(store, conversation));
    EPI_TRY_ASSIGN(const std::vector<MessageRecord> messages, store.messages(conversation.id));
    EPI_TRY_ASSIGN(const std::vector<QuestionRecord> questions, store.questions(conversation.id));
    std::map<std::string, std::int64_t> messageOf;
    for (const MessageRecord& message : messages)
        messageOf[message.sourceId] = message.id;
    for (const QuestionRecord& asked : questions) {
        const BenchmarkQuestion& question = asked.question;
        if (question.category < kFirstAnswered || question.category > kLastAnswered) continue;
        const std::vector<std::string> evidence = evidenceIds(question.evidence);
        std::set<std::int64_t> wanted;
        bool isKnown = !evidence.empty();
        for (const std::string& source : evidence) {
            const auto found = messageOf.find(source);
            isKnown = isKnown && found != messageOf.end();
            if (found != messageOf.end()) wanted.insert(found->second);
        }
        if (!isKnown) {
            ++evaluation.skipped;
            continue;
        }
        const auto start = std::chrono::steady_clock::now();
        EPI_TRY_ASSIGN(const Recalled recalled, finder.find(store, question.question));
        evaluation.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        evaluation.tokens += static_cast<std::int64_t>(recalled.ids.size());
        for (const QuotedPassage& passage : recalled.passages)
            wanted.erase(passage.turnId);
        for (Hits* const hits : {&evaluation.all, &evaluation.categories[question.category]}) {
            ++hits->questions;
            hits->quoted += wanted.empty() ? 1 : 0;
        }
    }
    return {};
}

void print(const RecallEvaluation& evaluation, const Output& output) {
    const auto describe = [](const Hits& hits) {
        return json{{"questions", hits.questions}, {"quoted", hits.quoted}, {"share", hits.share()}};
    };
    const auto lineOf = [](const std::string& name, const Hits& hits) {
        return name + "\t" + groupedSigned(hits.quoted) + " of " + groupedSigned(hits.questions) + "\t" +
               std::to_string(hits.share()) + "\n";
    };
    const double count = std::max(1.0, static_cast<double>(evaluation.all.questions));
    json result = describe(evaluation.all);
    result["categories"] = json::array();
    std::string lines = lineOf("all evidence quoted", evaluation.all);
    for (const auto& [category, hits] : evaluation.categories) {
        json row = describe(hits);
        row["category"] = category;
        result["categories"].push_back(std::move(row));
        lines += lineOf("category " + std::to_string(category), hits);
    }
    result["skipped"] = evaluation.skipped;
    result["mean_tokens"] = static_cast<double>(evaluation.tokens) / count;
    result["seconds_per_question"] = evaluation.seconds / count;
    output.print(result,
                 lines + counted(evaluation.skipped, "question") + " whose evidence names no message\n" +
                     std::to_string(evaluation.seconds / count) + " s per question");
}

Result<void> evaluateAll(const RecallCommandOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(Store store, openDatabase(options.conversation.database, DatabaseAccess::kExisting));
    std::vector<ConversationRecord> conversations;
    if (options.conversation.conversation.empty()) {
        EPI_TRY_ASSIGN(conversations, store.conversations());
    } else {
        EPI_TRY_ASSIGN(const ConversationRecord record,
                       store.findConversation(options.conversation.conversation));
        conversations.push_back(record);
    }
    EPI_TRY_ASSIGN(PassageFinder finder, PassageFinder::open(options.recall, context.output, context.cancel));
    RecallEvaluation evaluation;
    for (const ConversationRecord& conversation : conversations) {
        if (context.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "the evaluation was cancelled"};
        if (conversation.questionCount > 0) EPI_TRY(evaluate(finder, store, conversation, evaluation));
    }
    if (evaluation.all.questions == 0)
        return Error{ErrorCode::kNotFound, "no question has evidence that names messages"};
    print(evaluation, context.output);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(recall) {
    using epi::CommandContext;
    const auto options = std::make_shared<epi::RecallCommandOptions>();
    CLI::App& memory = commandLine.addGroup({"memory", "Build and look at the memories of conversations"});
    CLI::App& recall = commandLine.add(
        {"recall", "Print the passages that are quoted before a question, behind the ids of their messages"},
        [options](const CommandContext& context) { return epi::recall(*options, context); },
        &memory);
    epi::addQuestionOption(recall, options->question);
    CLI::App& eval = commandLine.addGroup({"eval", "Answer and score the questions of benchmarks"});
    CLI::App& evalRecall = commandLine.add(
        {"recall", "Count the questions whose evidence is quoted before them"},
        [options](const CommandContext& context) { return epi::evaluateAll(*options, context); },
        &eval);
    for (CLI::App* const command : {&recall, &evalRecall}) {
        epi::addConversationOptions(*command, options->conversation);
        epi::addRecallOptions(*command, options->recall);
    }
    evalRecall.get_option("--conversation")->required(false);
}
