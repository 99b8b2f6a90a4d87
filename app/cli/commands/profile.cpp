#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "app/cli/command_line.h"
#include "app/cli/engine_runner.h"
#include "app/cli/progress_line.h"
#include "core/base/file.h"
#include "core/base/printable.h"

namespace epi {
namespace {

constexpr std::uint64_t kMaxTextBytes = std::uint64_t{64} << 20;

struct ProfileOptions {
    ModelArguments model;
    std::string textFile;
    std::int64_t tokens = ProfileLayers{}.tokens;
};

Result<void> profile(const ProfileOptions& options, const CommandContext& context) {
    ProfileLayers command{.text = {}, .tokens = options.tokens};
    if (!options.textFile.empty()) {
        EPI_TRY_ASSIGN(command.text, readWholeFile(options.textFile, kMaxTextBytes));
        if (command.text.empty()) {
            return Error{ErrorCode::kInvalidArgument,
                         printable(options.textFile, kMaxPrintablePath) + " is empty"};
        }
    }
    EngineRunner engine(context.cancel);
    EPI_TRY(engine.load(options.model, context.output));
    ProgressLine progressLine;
    EPI_TRY_ASSIGN(const LayersProfiled profiled,
                   engine.run<LayersProfiled>(command, [&](const Event& event) -> Result<void> {
                       if (const auto* progress = std::get_if<Progress>(&event)) progressLine.show(*progress);
                       return {};
                   }));
    progressLine.clear();
    std::string text = "layer\tkeys of tokens\tof 100 tokens (1: not sensitive)\n";
    for (std::size_t layer = 0; layer < profiled.tokenSimilarity.size(); ++layer) {
        text += std::to_string(layer) + "\t" + std::to_string(profiled.tokenSimilarity[layer]) + "\t" +
                std::to_string(profiled.windowSimilarity[layer]) + "\n";
    }
    text += counted(profiled.tokens, "token") + " read twice in " + std::to_string(profiled.seconds) + " s";
    context.output.print({{"tokens", profiled.tokens},
                          {"token_similarity", profiled.tokenSimilarity},
                          {"window_similarity", profiled.windowSimilarity},
                          {"seconds", profiled.seconds}},
                         text);
    return {};
}

}  // namespace
}  // namespace epi

EPI_COMMANDS(profile) {
    const auto options = std::make_shared<epi::ProfileOptions>();
    CLI::App& command = commandLine.add(
        {"profile",
         "Measure how sensitive a model's layers are to a bounded memory, and keep it for the model"},
        [options](const epi::CommandContext& context) { return epi::profile(*options, context); });
    epi::addModelOptions(command, options->model);
    command.add_option("--text", options->textFile, "Text file to read; without it the program's own text");
    command.add_option("--tokens", options->tokens, "Tokens of it, at most the trained context")
        ->check(CLI::Range(2, 1 << 20))
        ->capture_default_str();
}
