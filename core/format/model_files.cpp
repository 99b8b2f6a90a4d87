#include "core/format/model_files.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <system_error>

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 3;
constexpr int kMaxEntries = 100'000;  // of one place: a home folder must not keep the scan busy for minutes

void addFile(const fs::path& path, std::map<fs::path, std::int64_t>& files) {
    std::error_code failure;
    if (!isModelFileName(path.filename().native()) || !fs::is_regular_file(path, failure)) return;
    const auto size = fs::file_size(path, failure);
    if (!failure) files[path.lexically_normal()] = static_cast<std::int64_t>(size);
}

void addFolder(const fs::path& folder, std::map<fs::path, std::int64_t>& files) {
    std::error_code failure;
    constexpr auto kSkip = fs::directory_options::skip_permission_denied;
    int seen = 0;
    for (fs::recursive_directory_iterator entry(folder, kSkip, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        if (++seen > kMaxEntries) return;
        if (entry.depth() >= kMaxDepth) entry.disable_recursion_pending();
        addFile(entry->path(), files);
    }
}

}  // namespace

bool isModelFileName(std::string_view name) {
    std::string extension = fs::path(name).extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
    return extension == ".gguf";
}

std::vector<ModelFile> findModelFiles(std::span<const fs::path> places) {
    std::map<fs::path, std::int64_t> files;
    for (const fs::path& place : places) {
        std::error_code failure;
        if (fs::is_directory(place, failure)) {
            addFolder(place, files);
        } else {
            addFile(place, files);
        }
    }
    std::vector<ModelFile> found;
    for (const auto& [path, bytes] : files)
        found.push_back({.path = path, .bytes = bytes});
    return found;
}

}  // namespace epi
