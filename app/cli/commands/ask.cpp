#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/database_option.h"
#include "app/cli/engine_runner.h"
#include "app/cli/episode_text.h"
#include "app/cli/history.h"
#include "app/cli/memory_arguments.h"
#include "app/cli/progress_line.h"
#include "app/cli/question_option.h"
#include "app/cli/residency_json.h"
#include "app/cli/sampling_arguments.h"
#include "app/cli/stored_memory.h"
#include "core/base/printable.h"
#include "core/sampling/sampler.h"

namespace epi {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kSaveEvery{1};

struct AskOptions {
    ConversationArguments conversation;
    ModelArguments model;
    MemoryArguments memory;
    SamplingOptions sampling;
    std::string question;
    std::optional<std::int32_t> episode;
};

/// The reply's row in the database, written while the reply comes.
class ReplyRow {
public:
    ReplyRow(Store& store, std::int64_t id) : store_(store), id_(id) {}

    /// Writes the partial reply at most once a second.
    Result<void> append(const std::string& piece) {
        text_ += piece;
        const auto now = std::chrono::steady_clock::now();
        if (now - lastSaved_ < kSaveEvery) return {};
        lastSaved_ = now;
        return store_.updateMessage(id_, text_, MessageState::kStreaming, "");
    }
    Result<void> finish(const TurnDone& turn, const json& details) {
        const bool isStopped = turn.reason == "cancelled";
        return store_.updateMessage(
            id_, turn.text, isStopped ? MessageState::kStopped : MessageState::kComplete, details.dump());
    }
    Result<void> fail(const Error& error) {
        const bool isStopped = error.code == ErrorCode::kCancelled;
        const json details = isStopped ? json::object() : json{{"error", error.message}};
        return store_.updateMessage(id_,
                                    text_,
                                    isStopped ? MessageState::kStopped : MessageState::kFailed,
                                    details.dump(-1, ' ', false, json::error_handler_t::replace));
    }

private:
    Store& store_;
    std::int64_t id_;
    std::string text_;
    std::chrono::steady_clock::time_point lastSaved_ = std::chrono::steady_clock::now();
};

/// The messages that were quoted, each once.
std::vector<std::int64_t> quotedIds(const std::vector<QuotedPassage>& quoted) {
    std::vector<std::int64_t> ids;
    for (const QuotedPassage& passage : quoted) {
        if (ids.empty() || ids.back() != passage.turnId) ids.push_back(passage.turnId);
    }
    return ids;
}

/// Under the names by which the window reads them.
json detailsOf(const TurnDone& turn) {
    const auto episode = static_cast<std::size_t>(turn.episode);
    return {{"episode", turn.episode},
            {"similarity", episode < turn.similarities.size() ? turn.similarities[episode] : 0.0},
            {"keptTokens", turn.keptTokens},
            {"historyTokens", turn.historyTokens},
            {"generatedTokens", turn.statistics.generatedTokens},
            {"firstTokenSeconds", turn.statistics.firstTokenSeconds},
            {"decodeSeconds", turn.statistics.decodeSeconds},
            {"pastTrainedContext", turn.pastTrainedContext},
            {"reason", turn.reason},
            {"quotedTokens", turn.quotedTokens},
            {"quoted", quotedIds(turn.quoted)},
            {"similarities", turn.similarities},
            {"tier", turn.tier},
            {"positions", turn.positions},
            {"promptTokens", turn.statistics.promptTokens},
            {"readTokens", turn.statistics.readTokens},
            {"promptSeconds", turn.statistics.promptSeconds},
            {"usedTokens", turn.usedTokens},
            {"roomTokens", turn.roomTokens}};
}

json describe(const std::vector<QuotedPassage>& quoted) {
    json described = json::array();
    for (const QuotedPassage& passage : quoted) {
        described.push_back({{"message", passage.turnId},
                             {"first_byte", passage.firstByte},
                             {"end_byte", passage.endByte},
                             {"score", passage.score},
                             {"tokens", passage.tokens}});
    }
    return described;
}

json describe(const TurnDone& turn) {
    const TurnStatistics& statistics = turn.statistics;
    return {{"text", turn.text},
            {"reason", turn.reason},
            {"episode", turn.episode},
            {"similarities", turn.similarities},
            {"kept", turn.keptTokens},
            {"total", turn.historyTokens},
            {"margin", turn.margin},
            {"episodes", turn.episodes},
            {"union_bytes", turn.unionBytes},
            {"residency", describe(turn.residency)},
            {"tier", turn.tier},
            {"positions", turn.positions},
            {"notice", textOf(turn.notices)},
            {"quoted", describe(turn.quoted)},
            {"quoted_tokens", turn.quotedTokens},
            {"read_tokens", statistics.readTokens},
            {"past_trained_context", turn.pastTrainedContext},
            {"statistics",
             {{"prompt_tokens", statistics.promptTokens},
              {"generated_tokens", statistics.generatedTokens},
              {"first_token_seconds", statistics.firstTokenSeconds},
              {"prompt_seconds", statistics.promptSeconds},
              {"decode_seconds", statistics.decodeSeconds},
              {"switch_seconds", statistics.switchSeconds}}}};
}

/// Stores question and open reply.
Result<ReplyRow> storeExchange(Store& store, std::int64_t conversationId, const std::string& question) {
    MessageRecord message;
    message.conversationId = conversationId;
    message.text = question;
    EPI_TRY(store.appendMessage(message));
    MessageRecord reply;
    reply.conversationId = conversationId;
    reply.role = Role::kAssistant;
    reply.state = MessageState::kStreaming;
    EPI_TRY_ASSIGN(reply, store.appendMessage(reply));
    return ReplyRow(store, reply.id);
}

Result<TurnDone> answer(EngineRunner& engine, const Ask& ask, ReplyRow& reply, const Output& output) {
    ProgressLine progressLine;
    auto turn = engine.run<TurnDone>(ask, [&](const Event& event) -> Result<void> {
        if (const auto* progress = std::get_if<Progress>(&event)) progressLine.show(*progress);
        const auto* delta = std::get_if<TokenDelta>(&event);
        if (delta == nullptr) return {};
        progressLine.clear();
        output.stream(delta->text);
        return reply.append(delta->text);
    });
    if (!turn) {
        EPI_TRY(reply.fail(turn.error()));
        return turn;
    }
    EPI_TRY(reply.finish(*turn, detailsOf(*turn)));
    return turn;
}

/// Before the question is stored; the engine would refuse it after.
Result<void> checkEpisode(std::int32_t episode, std::int64_t episodes) {
    if (episode >= 0 && episode < episodes) return {};
    return Error{ErrorCode::kInvalidArgument,
                 "there is no episode " + std::to_string(episode) + ", this memory has 0 to " +
                     std::to_string(episodes - 1)};
}

Result<void> ask(const AskOptions& options, const CommandContext& context) {
    EPI_TRY(checkSampling(options.sampling));
    EPI_TRY_ASSIGN(Store store, openWritableDatabase(options.conversation.database));
    EPI_TRY_ASSIGN(const ConversationRecord record,
                   store.findConversation(options.conversation.conversation));
    EPI_TRY_ASSIGN(MemoryOptions memory, memoryOptions(options.memory, record.memory));
    // How a question is answered is said for it alone; what is built is kept with the conversation.
    EPI_TRY_ASSIGN(const MemoryOptions kept, memoryOptions(withoutOnline(options.memory), record.memory));
    EngineRunner engine(context.cancel);
    EPI_TRY(engine.load(options.model, context.output));
    // The memory is built first, over the messages before the question.
    EPI_TRY_ASSIGN(const std::vector<std::int64_t> pins, store.pinnedMessages(record.id));
    EPI_TRY_ASSIGN(
        const MemoryBuilt built,
        buildStoredMemory(engine, {store, record}, {.memory = kept, .pins = pins}, context.output));
    memory.pinnedTurns = built.memory.pinnedTurns;
    if (options.episode) EPI_TRY(checkEpisode(*options.episode, std::ssize(built.episodes)));
    EPI_TRY_ASSIGN(std::vector<PassageCandidate> passages,
                   store.recallCandidates({.conversationId = record.id, .question = options.question}));
    EPI_TRY_ASSIGN(ReplyRow reply, storeExchange(store, record.id, options.question));
    const Ask command{.conversation = engineName(record),
                      .question = options.question,
                      .memory = memory,
                      .sampling = options.sampling,
                      .episode = options.episode,
                      .remember = true,
                      .replyBegin = {},
                      .passages = std::move(passages),
                      .pins = pins};
    EPI_TRY_ASSIGN(const TurnDone turn, answer(engine, command, reply, context.output));
    EPI_TRY(storeOptions({store, record}, kept, turn.pinnedTurns));
    context.output.stream("\n");
    if (turn.reason == "cancelled") {
        return Error{ErrorCode::kCancelled, "the reply was cancelled, what was said is stored"};
    }
    if (!turn.notices.empty()) context.output.notice(textOf(turn.notices));
    context.output.print(describe(turn), "");
    if (!context.output.isJson()) {
        context.output.notice(episodeText(turn.episode, std::ssize(turn.similarities)) + ", " +
                              groupedSigned(turn.keptTokens) + " of " + counted(turn.historyTokens, "token") +
                              " kept, " + groupedSigned(turn.quotedTokens) + " quoted");
    }
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(ask) {
    const auto options = std::make_shared<epi::AskOptions>();
    CLI::App& command = commandLine.add(
        {"ask", "Ask a question about a conversation, from its memory; question and reply are added to it"},
        [options](const epi::CommandContext& context) { return epi::ask(*options, context); });
    epi::addConversationOptions(command, options->conversation);
    epi::addMemoryModelOptions(command, options->model);
    epi::addQuestionOption(command, options->question);
    command.add_option(
        "--episode", options->episode, "Answer from this episode, from 0, instead of the best match");
    epi::addMemoryOptions(command, options->memory, "--memory-seed");
    epi::addOnlineOptions(command, options->memory);
    epi::addSamplingOptions(command, options->sampling);
}
