#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/json_input.h"
#include "app/cli/model_path.h"
#include "core/format/gguf.h"
#include "core/text/tokenizer.h"

namespace epi {
namespace {

using nlohmann::json;

struct TokenizeOptions {
    std::string model;
    std::string text;
    std::string textsFile;
    bool special = false;
};

std::string spaced(const std::vector<TokenId>& ids) {
    std::string text;
    for (const TokenId id : ids)
        text += (text.empty() ? "" : " ") + std::to_string(id);
    return text;
}

Result<void> tokenize(const TokenizeOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const auto path, resolveModel(options.model, false, context.output));
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(path));
    EPI_TRY_ASSIGN(const auto tokenizer, makeTokenizer(file));
    const ControlTokens control = options.special ? ControlTokens::kParse : ControlTokens::kAsText;
    if (options.textsFile.empty()) {
        const std::vector<TokenId> ids = tokenizer->encode(options.text, control);
        context.output.print({{"ids", ids}}, spaced(ids));
        return {};
    }
    EPI_TRY_ASSIGN(const std::vector<std::string> texts, readTexts(options.textsFile));
    json lists = json::array();
    std::string lines;
    for (const std::string& text : texts) {
        if (context.cancel.isCancelled()) return Error{ErrorCode::kCancelled, "tokenizing was cancelled"};
        const std::vector<TokenId> ids = tokenizer->encode(text, control);
        lines += spaced(ids) + "\n";
        lists.push_back(ids);
    }
    context.output.print({{"ids", std::move(lists)}}, lines);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(tokenize) {
    const auto options = std::make_shared<epi::TokenizeOptions>();
    CLI::App& command = commandLine.add(
        {"tokenize", "Print the token ids of a text"},
        [options](const epi::CommandContext& context) { return epi::tokenize(*options, context); });
    epi::addModelOption(command, options->model);
    command.add_flag(
        "--special", options->special, "Recognise control tokens such as <|im_start|> in the text");
    CLI::Option_group& input = *command.add_option_group("Input");
    input.add_option("TEXT", options->text, "The text");
    input.add_option("--texts-file", options->textsFile, "JSON array of texts; gives one list of ids each");
    input.require_option(1);
}
