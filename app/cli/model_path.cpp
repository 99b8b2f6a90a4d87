#include "app/cli/model_path.h"

#include "core/base/paths.h"
#include "core/model/language_model.h"
#include "core/model/model_catalog.h"
#include "core/tensor/device_memory.h"

namespace epi {

CLI::Option* addModelOption(CLI::App& command, std::string& model) {
    return command.add_option("-m,--model", model, "GGUF file or model id; without it a default model");
}

Result<std::filesystem::path> resolveModel(const std::string& model, bool hasGpu, const Output& output) {
    EPI_TRY_ASSIGN(std::filesystem::path path, findModel(paths::models(), model, hasGpu));
    if (model.empty()) output.notice("no model named, using " + path.parent_path().filename().string());
    return path;
}

void addModelOptions(CLI::App& command, ModelArguments& arguments) {
    addModelOption(command, arguments.model);
    command.add_option("--device", arguments.device, "auto, cpu or cuda")->capture_default_str();
    command
        .add_option("--compute",
                    arguments.compute,
                    "fast, or exact: fp32 throughout, as reference values are computed")
        ->capture_default_str();
    command.add_flag(
        "--plain-template", arguments.plainTemplate, "A plain template when the model's own is unknown");
}

void addMemoryModelOptions(CLI::App& command, ModelArguments& arguments) {
    addModelOptions(command, arguments);
    command.add_option("--prompts",
                       arguments.promptsFile,
                       "JSON file whose texts replace the program's own around a history");
    command.add_option(
        "--embedder",
        arguments.embedder,
        "What topics are told apart by: an embedder's id or folder, a GGUF file (last token), or "
        "llm for the model's own token embeddings");
}

Result<ModelChoice> chooseModel(const ModelArguments& arguments, const Output& output) {
    ModelChoice choice;
    EPI_TRY_ASSIGN(choice.device, deviceChoiceFromName(arguments.device));
    EPI_TRY_ASSIGN(choice.compute, computeModeFromName(arguments.compute));
    const bool hasGpu = choice.device != DeviceChoice::kCpu && cudaUnavailableReason().empty();
    EPI_TRY_ASSIGN(choice.path, resolveModel(arguments.model, hasGpu, output));
    return choice;
}

Result<std::unique_ptr<LanguageModel>> loadModel(const ModelArguments& arguments,
                                                 const Output& output,
                                                 const CancelToken& cancel) {
    EPI_TRY_ASSIGN(const ModelChoice choice, chooseModel(arguments, output));
    EPI_TRY_ASSIGN(auto model,
                   LanguageModel::load({.path = choice.path,
                                        .device = choice.device,
                                        .compute = choice.compute,
                                        .progress = {},
                                        .cancel = cancel}));
    if (!model->info().notice.empty())
        output.notice("answers are computed on the CPU, because " + model->info().notice);
    return model;
}

}  // namespace epi
