#pragma once

#include <filesystem>
#include <string>

#include "app/cli/output.h"
#include "core/base/result.h"

#include <CLI/CLI.hpp>

namespace epi {

/// Adds -m/--model, the text that `resolveModel` understands.
CLI::Option* addModelOption(CLI::App& command, std::string& model);

/// The GGUF file that the user means: a file, or the id of a folder below paths::models(). Empty: the first
/// of our default models that is there, which a notice names; the largest only where there is a GPU.
/// kNotFound says where was looked.
Result<std::filesystem::path> resolveModel(const std::string& model, bool hasGpu, const Output& output);

}  // namespace epi
