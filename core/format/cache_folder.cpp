#include "core/format/cache_folder.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/log.h"
#include "core/format/cache_file.h"
#include "core/format/cache_key.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr char kOutdatedMark = '+';
constexpr const char* kTemporaryPrefix = ".epichat-";
constexpr std::chrono::hours kAbandonedAfter{24};

bool isKey(std::string_view text, std::size_t digits) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Removes one after the other, and goes on where one cannot be.
class Remover {
public:
    void remove(const fs::path& path) {
        std::error_code failure;
        const auto bytes = fs::file_size(path, failure);
        if (!failure && fs::remove(path, failure)) {
            ++removed_.files;
            removed_.bytes += static_cast<std::int64_t>(bytes);
        } else if (failure && failure != std::errc::no_such_file_or_directory) {
            done_ = Error{ErrorCode::kIo, path.string() + ": cannot remove: " + failure.message()};
        }
    }

    /// What was removed, or an error for one that was not.
    [[nodiscard]] Result<FolderUse> result() const {
        EPI_TRY(done_);
        return removed_;
    }

private:
    FolderUse removed_;
    Result<void> done_;
};

/// All files of one key.
struct Group {
    std::vector<fs::path> files;
    std::int64_t bytes = 0;
    fs::file_time_type lastUsed = fs::file_time_type::min();
};

/// What is in a folder by key. Temporary files that nobody writes any more are removed.
std::map<std::string, Group> groupsIn(const fs::path& folder, Remover& remover) {
    std::map<std::string, Group> groups;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        std::error_code gone;
        const std::string name = entry->path().filename().string();
        const auto written = entry->last_write_time(gone);
        const auto bytes = entry->file_size(gone);
        if (gone || entry->is_symlink(gone) || !entry->is_regular_file(gone)) continue;
        if (name.starts_with(kTemporaryPrefix) &&
            written < fs::file_time_type::clock::now() - kAbandonedAfter)
            remover.remove(entry->path());
        const std::string key = name.substr(0, kKeyDigits);
        if (!isKey(key, kKeyDigits)) continue;
        Group& group = groups[key];
        group.files.push_back(entry->path());
        group.bytes += static_cast<std::int64_t>(bytes);
        group.lastUsed = std::max(group.lastUsed, written);
    }
    return groups;
}

/// What a key has removed.
struct Named {
    std::string beginning;                   // of file names
    std::string kept{};                      // the memory that stays as it was built; empty: none does
    std::optional<std::int64_t> beforeMs{};  // only what was written before; nothing: all
};

Result<Named> namedBy(const std::string& key) {
    const Error noKey{ErrorCode::kInvalidArgument,
                      "'" + key + "' is not the key of a memory or a conversation"};
    const std::size_t mark = key.find(kOutdatedMark);
    Named named{.beginning = key.substr(0, std::min(mark, kKeyDigits))};
    const bool isMemory = isKey(named.beginning, kKeyDigits);
    if (!isMemory && !isKey(named.beginning, kConversationDigits)) return noKey;
    if (mark == std::string::npos) return named;
    if (isMemory) named.kept = named.beginning;
    named.beginning.resize(kConversationDigits);
    const char* const end = key.data() + key.size();
    const auto [stop, failure] = std::from_chars(key.data() + mark + 1, end, named.beforeMs.emplace());
    if (failure != std::errc() || stop != end || *named.beforeMs < 0) return noKey;
    return named;
}

/// Whether a file of a memory is as the build wrote it: the index, and the caches of episodes but for those
/// that were taken from another one since, or added for a question (see core/engine/episode_files.h).
bool isAsBuilt(const fs::path& path) {
    if (path.extension() == ".memory") return true;
    if (path.extension() != ".kv") return false;
    const auto file = CacheFile::open(path);
    if (!file || !file->header().metadata.is_object()) return false;
    const nlohmann::json notes = file->header().metadata.value("notes", nlohmann::json());
    return notes.is_object() && !notes.contains("copied_at") && !notes.contains("episode");
}

bool isToGo(const fs::path& path, const Named& named) {
    const std::string name = path.filename().string();
    if (!name.starts_with(named.beginning)) return false;
    if (!named.beforeMs) return true;
    std::error_code gone;
    const auto written = fs::file_time_type::clock::to_sys(fs::last_write_time(path, gone));
    const auto writtenMs = std::chrono::floor<std::chrono::milliseconds>(written.time_since_epoch()).count();
    if (gone || writtenMs >= *named.beforeMs) return false;
    return named.kept.empty() || !name.starts_with(named.kept) || !isAsBuilt(path);
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

Result<FolderUse> trimCacheFolder(const fs::path& folder, std::int64_t limitBytes, const std::string& inUse) {
    Remover remover;
    const std::map<std::string, Group> groups = groupsIn(folder, remover);
    std::vector<const Group*> oldestFirst;
    std::int64_t total = 0;
    for (const auto& [key, group] : groups) {
        total += group.bytes;
        if (key != inUse) oldestFirst.push_back(&group);
    }
    std::ranges::sort(oldestFirst, {}, &Group::lastUsed);
    for (const Group* const group : oldestFirst) {
        if (total <= limitBytes) break;
        for (const fs::path& file : group->files)
            remover.remove(file);
        total -= group->bytes;
    }
    auto removed = remover.result();
    if (removed && removed->files > 0) {
        logInformation(std::to_string(removed->files) + " files of " + std::to_string(removed->bytes) +
                       " bytes left the cache folder, which may hold " + std::to_string(limitBytes) +
                       " bytes");
    }
    return removed;
}

std::string outdatedKey(std::string_view key, std::int64_t timeMs) {
    return std::string(key) + kOutdatedMark + std::to_string(timeMs);
}

bool releases(const std::string& key, const std::string& memoryKey) {
    const auto named = namedBy(key);
    return named && memoryKey.starts_with(named->beginning);
}

Result<FolderUse> removeCaches(const fs::path& folder, std::span<const std::string> keys) {
    std::vector<Named> named;
    for (const std::string& key : keys) {
        EPI_TRY_ASSIGN(Named each, namedBy(key));
        named.push_back(std::move(each));
    }
    Remover remover;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        if (std::ranges::any_of(named, [&](const Named& each) { return isToGo(entry->path(), each); }))
            remover.remove(entry->path());
    }
    return remover.result();
}

}  // namespace epi
