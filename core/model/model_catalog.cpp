#include "core/model/model_catalog.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "core/base/known_error.h"
#include "core/base/printable.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

struct DefaultModel {
    std::string_view id;
    bool needsGpu;
};

// Best first.
constexpr std::array kDefaultModels{
    DefaultModel{"qwen2.5-coder-1.5b-instruct-q4_k_m", true},
    DefaultModel{"qwen2.5-coder-0.5b-instruct-q4_k_m", false},
    DefaultModel{"smollm2-135m-instruct-q4_1", false},
};
constexpr std::string_view kDefaultEmbedder = "all-minilm-l6-v2";

/// The GGUF files directly in a folder, sorted.
std::vector<fs::path> modelFiles(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        if (entry->path().extension() == ".gguf") files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// An id is one plain name, so that it cannot lead out of the folder.
bool isId(std::string_view name) {
    return name.find('/') == std::string_view::npos && name != "." && name != "..";
}

/// What was looked for is in no folder; `alone` where that holds no model at all.
Error notFound(const fs::path& folder, const std::string& what, KnownError known, KnownError alone) {
    std::string held;
    for (const ModelSummary& model : listModels(folder))
        held += (held.empty() ? "" : ", ") + model.id;
    const std::string path = printable(folder.native(), kMaxPrintablePath);
    if (held.empty()) return makeError(ErrorCode::kNotFound, alone, {what, path});
    return makeError(ErrorCode::kNotFound, known, {what, path, held});
}

}  // namespace

std::vector<ModelSummary> listModels(const fs::path& folder) {
    std::vector<ModelSummary> models;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        for (const fs::path& file : modelFiles(entry->path())) {
            const auto size = fs::file_size(file, failure);
            models.push_back({.id = entry->path().filename().string(),
                              .title = file.stem().string(),
                              .path = file.string(),
                              .sizeBytes = failure ? 0 : static_cast<std::int64_t>(size),
                              .isPresent = true});
        }
    }
    std::sort(models.begin(), models.end(), [](const ModelSummary& a, const ModelSummary& b) {
        return a.id < b.id;
    });
    return models;
}

Result<fs::path> findModel(const fs::path& folder, std::string_view name, bool hasGpu) {
    if (name.empty()) {
        std::string tried;
        for (const DefaultModel& candidate : kDefaultModels) {
            if (candidate.needsGpu && !hasGpu) continue;
            tried += (tried.empty() ? "" : ", ") + std::string(candidate.id);
            const std::vector<fs::path> files = modelFiles(folder / candidate.id);
            if (!files.empty()) return files.front();
        }
        return notFound(folder, tried, KnownError::kNoDefaultModel, KnownError::kNoDefaultModelAtAll);
    }
    std::error_code failure;
    const fs::path path(name);
    if (fs::exists(path, failure) && !fs::is_directory(path, failure)) return path;
    const std::vector<fs::path> files = fs::is_directory(path, failure) ? modelFiles(path)
                                        : isId(name)                    ? modelFiles(folder / path)
                                                                        : modelFiles({});
    if (!files.empty()) return files.front();
    return notFound(folder, printable(name), KnownError::kNoSuchModel, KnownError::kNoSuchModelNorOther);
}

Result<fs::path> findEmbedder(const fs::path& folder, std::string_view name) {
    const std::string id(name.empty() ? kDefaultEmbedder : name);
    std::error_code failure;
    for (const fs::path& candidate : {fs::path(id), folder / id}) {
        if (fs::exists(candidate / "model.safetensors", failure)) return candidate;
    }
    return makeError(
        ErrorCode::kNotFound,
        KnownError::kNoSuchEmbedder,
        {printable(id), printable(folder.native(), kMaxPrintablePath), std::string(kDefaultEmbedder)});
}

}  // namespace epi
