#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/wire/messages.h"

namespace epi {

/// Models under a folder: one folder per model id with the model's file in it. Which of the known default
/// models is there decides what an empty name means.

/// Every GGUF file in `folder`'s folders, by id.
std::vector<ModelSummary> listModels(const std::filesystem::path& folder);

/// A file path, a model id, or empty for the default: with a GPU the 1.5B model, otherwise the 0.5B one,
/// otherwise SmolLM2, whichever of these is there first. kNotFound names what there is and how to get one.
Result<std::filesystem::path> findModel(const std::filesystem::path& folder,
                                        std::string_view name,
                                        bool hasGpu);

/// The same for the folder of a sentence embedder; empty: all-minilm-l6-v2.
Result<std::filesystem::path> findEmbedder(const std::filesystem::path& folder, std::string_view name);

}  // namespace epi
