#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/cli/output.h"
#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/options.h"

#include <CLI/CLI.hpp>

namespace epi {

class LanguageModel;

/// Adds -m/--model, the text that `resolveModel` understands.
CLI::Option* addModelOption(CLI::App& command, std::string& model);

/// The GGUF file that the user means: a file, or the id of a folder below paths::models(). Empty: the first
/// of our default models that is there, which a notice names; the largest only where there is a GPU.
/// kNotFound says where was looked.
Result<std::filesystem::path> resolveModel(const std::string& model, bool hasGpu, const Output& output);

/// A model that is run, as the user names it.
struct ModelArguments {
    std::string model;
    std::string device = "auto";
    std::string compute = "fast";
    bool plainTemplate = false;
    std::string promptsFile;  // JSON; empty: the program's own texts
    std::string embedder;     // empty: the default
};

/// Adds -m, --device, --compute and --plain-template.
void addModelOptions(CLI::App& command, ModelArguments& arguments);
/// Adds --prompts and --embedder besides: for commands that build memories.
void addMemoryModelOptions(CLI::App& command, ModelArguments& arguments);

struct ModelChoice {
    std::filesystem::path path;
    DeviceChoice device = DeviceChoice::kAuto;
    ComputeMode compute = ComputeMode::kFast;
};
/// `resolveModel` for a model that is run. kInvalidArgument for an unknown device or compute mode.
Result<ModelChoice> chooseModel(const ModelArguments& arguments, const Output& output);

/// The model, loaded; a notice says why it is not on the GPU.
Result<std::unique_ptr<LanguageModel>> loadModel(const ModelArguments& arguments,
                                                 const Output& output,
                                                 const CancelToken& cancel);

}  // namespace epi
