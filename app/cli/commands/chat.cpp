#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/json_input.h"
#include "app/cli/model_path.h"
#include "app/cli/sampling_arguments.h"
#include "app/cli/token_arguments.h"
#include "core/base/printable.h"
#include "core/engine/model_tools.h"
#include "core/model/language_model.h"

namespace epi {
namespace {

using nlohmann::json;

struct ChatOptions {
    ModelArguments model;
    std::string prompt;
    std::string system;
    std::string promptIdsFile;
    bool greedy = false;
    SamplingOptions sampling;
};

Result<std::vector<TokenId>> promptOf(const ChatOptions& options, const LanguageModel& model) {
    if (!options.promptIdsFile.empty()) return readIntegers(options.promptIdsFile);
    std::vector<ChatMessage> messages;
    if (!options.system.empty()) messages.push_back({Role::kSystem, options.system});
    messages.push_back({Role::kUser, options.prompt});
    EPI_TRY_ASSIGN(const auto chatTemplate, model.chatTemplate(options.model.plainTemplate));
    const Tokenizer& tokenizer = model.tokenizer();
    std::vector<TokenId> ids = encodeParts(tokenizer, chatTemplate->render(messages, true));
    const auto begin = tokenizer.beginOfSequence();
    const bool isThere = begin && !ids.empty() && ids.front() == *begin;
    if (begin && tokenizer.addsBeginOfSequence() && !isThere) ids.insert(ids.begin(), *begin);
    return ids;
}

json describe(const Generation& generation, const std::vector<TokenId>& prompt) {
    json described{{"text", generation.text},
                   {"ids", generation.ids},
                   {"prompt_ids", prompt},
                   {"reason", generation.reason},
                   {"prompt_seconds", generation.promptSeconds},
                   {"decode_seconds", generation.decodeSeconds}};
    return described;
}

std::string statistic(const Generation& generation, std::size_t promptTokens) {
    const auto rate = [](std::size_t tokens, double seconds) {
        const double perSecond = seconds > 0.0 ? static_cast<double>(tokens) / seconds : 0.0;
        char text[32];
        std::snprintf(text, sizeof text, "%.1f", perSecond);
        return std::string(text) + " tokens/s";
    };
    return counted(static_cast<std::int64_t>(promptTokens), "token") + " read at " +
           rate(promptTokens, generation.promptSeconds) + ", " + std::to_string(generation.ids.size()) +
           " written at " + rate(generation.ids.size(), generation.decodeSeconds) + ", ended by " +
           generation.reason;
}

Result<void> chat(const ChatOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const auto model, loadModel(options.model, context.output, context.cancel));
    EPI_TRY_ASSIGN(const std::vector<TokenId> prompt, promptOf(options, *model));
    if (prompt.empty()) return Error{ErrorCode::kInvalidArgument, "the prompt has no tokens"};
    EPI_TRY(checkTokens(prompt, model->info().vocabulary, "prompt"));
    GenerationRequest request{.prompt = prompt,
                              .sampling = options.sampling,
                              .stopAtEnd = true,
                              .recordGaps = options.greedy,
                              .onText = [&](const std::string& text) { context.output.stream(text); },
                              .cancel = context.cancel};
    if (options.greedy) request.sampling.temperature = 0.0;
    EPI_TRY_ASSIGN(const Generation generation, generateOnce(*model, request));
    context.output.stream("\n");
    if (generation.reason == "cancelled") return Error{ErrorCode::kCancelled, "the reply was cancelled"};
    json result = describe(generation, prompt);
    if (options.greedy) {
        json& gaps = result["gaps"] = json::array();
        for (const GreedyGap& gap : generation.gaps)
            gaps.push_back(gap.gap);
    }
    context.output.print(result, "");
    if (!context.output.isJson()) context.output.notice(statistic(generation, prompt.size()));
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(chat) {
    const auto options = std::make_shared<epi::ChatOptions>();
    CLI::App& command = commandLine.add(
        {"chat", "Answer one prompt with full attention and nothing remembered"},
        [options](const epi::CommandContext& context) { return epi::chat(*options, context); });
    epi::addModelOptions(command, options->model);
    CLI::Option_group& input = *command.add_option_group("Input");
    input.add_option("-p,--prompt", options->prompt, "The user's message");
    input.add_option(
        "--prompt-ids-file", options->promptIdsFile, "JSON array of token ids, used as they are");
    input.require_option(1);
    command.add_option("--system", options->system, "System message");
    command.add_flag("--greedy",
                     options->greedy,
                     "Always the best token; with --json tells how far the second was behind");
    epi::addSamplingOptions(command, options->sampling);
}
