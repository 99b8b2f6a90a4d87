#include "core/format/cache_folder.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <vector>

#include "core/format/cache_key.h"

#include <sys/stat.h>

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyDigits = 64;

struct CacheFile {
    fs::path path;
    std::int64_t bytes = 0;
    std::int64_t usedSeconds = 0;  // when it was last written or read, as far as the file system says
};

bool isCache(const fs::path& path) {
    constexpr std::array kExtensions{".kv", ".memory", ".grown", ".turns", ".part"};
    return std::ranges::any_of(kExtensions,
                               [&](const char* extension) { return path.extension() == extension; });
}

std::vector<CacheFile> cacheFiles(const fs::path& folder) {
    std::vector<CacheFile> files;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        struct stat status {};
        if (!isCache(entry->path()) || ::lstat(entry->path().c_str(), &status) != 0) continue;
        if (!S_ISREG(status.st_mode)) continue;
        files.push_back({.path = entry->path(),
                         .bytes = status.st_size,
                         .usedSeconds = std::max(status.st_mtime, status.st_atime)});
    }
    return files;
}

/// What the names of files begin with that this key names.
Result<std::string> beginningOf(const std::string& key) {
    const std::string beginning = key.substr(0, kKeyDigits);
    const bool isKey = (beginning.size() == kKeyDigits || beginning.size() == kConversationDigits) &&
                       beginning.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (isKey) return beginning;
    return Error{ErrorCode::kInvalidArgument, "'" + key + "' is not the key of a memory or a conversation"};
}

}  // namespace

FolderUse folderUse(const fs::path& folder) {
    FolderUse use;
    std::error_code failure;
    constexpr auto kSkip = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator entry(folder, kSkip, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        std::error_code gone;
        if (entry->is_symlink(gone) || !entry->is_regular_file(gone)) continue;
        const auto size = entry->file_size(gone);
        if (gone) continue;
        ++use.files;
        use.bytes += static_cast<std::int64_t>(size);
    }
    return use;
}

Result<FolderUse> trimCacheFolder(const fs::path& folder, std::int64_t limitBytes) {
    std::vector<CacheFile> files = cacheFiles(folder);
    std::ranges::sort(files, {}, &CacheFile::usedSeconds);
    std::int64_t total = 0;
    for (const CacheFile& file : files)
        total += file.bytes;
    FolderUse removed;
    for (const CacheFile& file : files) {
        if (total <= limitBytes) break;
        std::error_code failure;
        fs::remove(file.path, failure);
        if (failure)
            return Error{ErrorCode::kIo, file.path.string() + ": cannot remove: " + failure.message()};
        total -= file.bytes;
        ++removed.files;
        removed.bytes += file.bytes;
    }
    return removed;
}

Result<FolderUse> removeCaches(const fs::path& folder, std::span<const std::string> keys) {
    std::vector<std::string> beginnings;
    for (const std::string& key : keys) {
        EPI_TRY_ASSIGN(std::string beginning, beginningOf(key));
        beginnings.push_back(std::move(beginning));
    }
    FolderUse removed;
    Result<void> done;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string name = entry->path().filename().string();
        const auto isNamed = [&](const std::string& beginning) {
            return name.starts_with(beginning);
        };
        if (std::ranges::none_of(beginnings, isNamed)) continue;
        std::error_code problem;
        const auto bytes = entry->file_size(problem);
        if (!problem && fs::remove(entry->path(), problem)) {
            ++removed.files;
            removed.bytes += static_cast<std::int64_t>(bytes);
        } else if (problem && problem != std::errc::no_such_file_or_directory) {
            done = Error{ErrorCode::kIo, entry->path().string() + ": cannot remove: " + problem.message()};
        }
    }
    EPI_TRY(done);
    return removed;
}

}  // namespace epi
