#include "app/cli/model_path.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/base/paths.h"
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

Error notFound(std::string message) {
    return {ErrorCode::kNotFound, std::move(message)};
}

/// The one GGUF file of a model's folder.
Result<fs::path> modelIn(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        if (entry->path().extension() == ".gguf") files.push_back(entry->path());
    }
    if (files.size() == 1) return files.front();
    if (files.empty()) {
        return notFound("no GGUF file in " + printable(folder.native(), kMaxPrintablePath));
    }
    return Error{ErrorCode::kInvalidArgument,
                 "one GGUF file expected in " + printable(folder.native(), kMaxPrintablePath) + ", found " +
                     std::to_string(files.size())};
}

Result<fs::path> defaultModel(bool hasGpu, const Output& output) {
    std::string ids;
    for (const DefaultModel& candidate : kDefaultModels) {
        if (candidate.needsGpu && !hasGpu) continue;
        if (auto file = modelIn(paths::models() / candidate.id)) {
            output.notice("no model named, using " + std::string(candidate.id));
            return file;
        }
        ids += (ids.empty() ? "" : ", ") + std::string(candidate.id);
    }
    return notFound("none of the default models (" + ids + ") is in " +
                    printable(paths::models().native(), kMaxPrintablePath));
}

}  // namespace

CLI::Option* addModelOption(CLI::App& command, std::string& model) {
    return command.add_option("-m,--model", model, "GGUF file or model id; without it a default model");
}

Result<fs::path> resolveModel(const std::string& model, bool hasGpu, const Output& output) {
    if (model.empty()) return defaultModel(hasGpu, output);
    std::error_code failure;
    const fs::file_status status = fs::status(model, failure);
    if (fs::is_directory(status)) return modelIn(model);
    if (fs::exists(status)) return fs::path(model);

    const bool isId = model.find('/') == std::string::npos && model != "." && model != "..";
    const fs::path folder = paths::models() / model;
    if (isId && fs::is_directory(folder, failure)) return modelIn(folder);
    return notFound(
        "no model " + inQuotes(model) + ": there is no such file" +
        (isId ? " and no such id in " + printable(paths::models().native(), kMaxPrintablePath) : ""));
}

}  // namespace epi
