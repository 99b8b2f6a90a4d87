#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/json_input.h"
#include "core/base/paths.h"
#include "core/model/model_catalog.h"
#include "core/model/sentence_embedder.h"

namespace epi {
namespace {

using nlohmann::json;

struct EmbedOptions {
    std::string embedder;
    std::string text;
    std::string textsFile;
};

std::string spaced(std::span<const float> values) {
    std::string text;
    for (const float value : values)
        text += (text.empty() ? "" : " ") + std::to_string(value);
    return text + "\n";
}

Result<void> embed(const EmbedOptions& options, const CommandContext& context) {
    std::vector<std::string> texts{options.text};
    const bool isList = !options.textsFile.empty();
    if (isList) {
        EPI_TRY_ASSIGN(texts, readTexts(options.textsFile));
    }
    EPI_TRY_ASSIGN(const auto folder, findEmbedder(paths::models(), options.embedder));
    EPI_TRY_ASSIGN(const auto embedder, SentenceEmbedder::load(folder, {.compute = ComputeMode::kExact}));
    EPI_TRY_ASSIGN(const EmbeddingMatrix embeddings, embedder->embed(texts, {}, context.cancel));
    json ids = json::array();
    json rows = json::array();
    std::string lines;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::span<const float> row = embeddings.row(static_cast<std::int64_t>(i));
        ids.push_back(embedder->encode(texts[i]));
        rows.push_back(std::vector<float>(row.begin(), row.end()));
        lines += spaced(row);
    }
    context.output.print({{"ids", isList ? ids : ids.front()}, {"embedding", isList ? rows : rows.front()}},
                         lines);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(embed) {
    const auto options = std::make_shared<epi::EmbedOptions>();
    CLI::App& command = commandLine.add(
        {"embed", "Print the sentence embedding of a text"},
        [options](const epi::CommandContext& context) { return epi::embed(*options, context); });
    command.add_option(
        "--embedder", options->embedder, "Folder or id of a sentence embedder; without it the default one");
    CLI::Option_group& input = *command.add_option_group("Input");
    input.add_option("TEXT", options->text, "The text");
    input.add_option("--texts-file", options->textsFile, "JSON array of texts; gives one embedding each");
    input.require_option(1);
}
