#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace epi {

struct ModelFile {
    std::filesystem::path path;
    std::int64_t bytes = 0;
};

/// Whether a file of this name is taken for a model.
bool isModelFileName(std::string_view name);

/// The GGUF files in these folders, down to three levels below each, and those of `places` that are files
/// themselves; each once, by path. What cannot be read is left out. Links to folders are not followed. Any
/// thread.
std::vector<ModelFile> findModelFiles(std::span<const std::filesystem::path> places);

}  // namespace epi
