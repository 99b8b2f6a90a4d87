#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/base/paths.h"

/// Data that tests read but the repository does not hold: goldens, data sets and models. Tests skip by name
/// what is absent.
namespace epi::test {

inline std::filesystem::path folderFromEnvironment(const char* variable,
                                                   const std::filesystem::path& otherwise) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? std::filesystem::path(value) : otherwise;
}

/// EPICHAT_SHARED, default `../shared` beside the source tree.
inline std::filesystem::path sharedFolder() {
    return folderFromEnvironment("EPICHAT_SHARED",
                                 std::filesystem::path(EPI_SOURCE_DIR).parent_path() / "shared");
}

/// EPICHAT_MODELS, default where the programs look for models.
inline std::filesystem::path modelFolder() {
    return folderFromEnvironment("EPICHAT_MODELS", paths::models());
}

inline std::optional<std::filesystem::path> existing(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return std::nullopt;
    return path;
}

/// E.g. sharedFile("goldens/models/tokenize_gemma-3-270m.json"); a folder is found too.
inline std::optional<std::filesystem::path> sharedFile(std::string_view relative) {
    return existing(sharedFolder() / relative);
}

/// E.g. modelFile("all-minilm-l6-v2/vocab.txt").
inline std::optional<std::filesystem::path> modelFile(std::string_view relative) {
    return existing(modelFolder() / relative);
}

/// The file as JSON; a discarded value when it is none.
inline nlohmann::json readJson(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return nlohmann::json::parse(file, nullptr, false);
}

}  // namespace epi::test

/// Inside a test function: `variable` is the path that `finder` (sharedFile, modelFile) finds for `relative`;
/// without it the test is skipped by the file's name.
#define EPI_FIND_OR_SKIP(variable, finder, relative)                                                         \
    const std::optional<std::filesystem::path> variable##Found = epi::test::finder(relative);                \
    if (!variable##Found) QSKIP((std::string(#finder ": ") + std::string(relative) + " is absent").c_str()); \
    const std::filesystem::path& variable = *variable##Found
