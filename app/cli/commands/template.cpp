#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/json_input.h"
#include "app/cli/model_path.h"
#include "core/base/printable.h"
#include "core/chat/chat_template.h"
#include "core/format/gguf.h"
#include "core/text/tokenizer.h"

namespace epi {
namespace {

struct TemplateOptions {
    std::string model;
    std::string messagesFile;
    bool plain = false;
    bool noGenerationPrompt = false;
};

Result<std::vector<ChatMessage>> readMessages(const std::string& path) {
    EPI_TRY_ASSIGN(const JsonDocument document, readJsonFile(path));
    EPI_TRY_ASSIGN(const std::vector<JsonReader> list, document.root().elements());
    std::vector<ChatMessage> messages;
    for (const JsonReader& entry : list) {
        EPI_TRY_ASSIGN(const JsonReader roleReader, entry.at("role"));
        EPI_TRY_ASSIGN(const std::string roleName, roleReader.string());
        EPI_TRY_ASSIGN(const Role role, roleFromName(roleName));
        EPI_TRY_ASSIGN(const JsonReader content, entry.at("content"));
        EPI_TRY_ASSIGN(std::string text, content.string());
        messages.push_back({role, std::move(text)});
    }
    return messages;
}

Result<std::shared_ptr<const ChatTemplate>> templateOf(const GgufFile& file, bool plain) {
    if (plain) return plainChatTemplate();
    if (file.find("tokenizer.chat_template") == nullptr) {
        return Error{ErrorCode::kUnsupported,
                     printable(file.path().filename().native()) +
                         " has no chat template, --plain gives it a plain one"};
    }
    EPI_TRY_ASSIGN(const std::string text, file.text("tokenizer.chat_template"));
    return recogniseChatTemplate(text);
}

Result<void> render(const TemplateOptions& options, const CommandContext& context) {
    EPI_TRY_ASSIGN(const std::vector<ChatMessage> messages, readMessages(options.messagesFile));
    EPI_TRY_ASSIGN(const auto path, resolveModel(options.model, false, context.output));
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(path));
    EPI_TRY_ASSIGN(const auto tokenizer, makeTokenizer(file));
    EPI_TRY_ASSIGN(const auto chatTemplate, templateOf(file, options.plain));
    const std::vector<PromptPart> parts = chatTemplate->render(messages, !options.noGenerationPrompt);
    const std::string rendered = joinParts(parts);
    context.output.print(
        {{"template", chatTemplate->id()}, {"rendered", rendered}, {"ids", encodeParts(*tokenizer, parts)}},
        rendered);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(template) {
    const auto options = std::make_shared<epi::TemplateOptions>();
    CLI::App& command = commandLine.add(
        {"template", "Print a conversation as a model's chat template writes it"},
        [options](const epi::CommandContext& context) { return epi::render(*options, context); });
    epi::addModelOption(command, options->model);
    command.add_option("--messages", options->messagesFile, "JSON array of {\"role\", \"content\"}")
        ->required();
    command.add_flag(
        "--no-generation-prompt", options->noGenerationPrompt, "Do not open the assistant's turn at the end");
    command.add_flag("--plain", options->plain, "Use the plain template instead of the model's");
}
