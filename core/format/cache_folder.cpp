#include "core/format/cache_folder.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/base/log.h"
#include "core/format/cache_key.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyDigits = 64;

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

/// What the names of files begin with that this key names.
Result<std::string> beginningOf(const std::string& key) {
    const std::string beginning = key.substr(0, kKeyDigits);
    if (isKey(beginning, kKeyDigits) || isKey(beginning, kConversationDigits)) return beginning;
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

Result<FolderUse> removeCaches(const fs::path& folder, std::span<const std::string> keys) {
    std::vector<std::string> beginnings;
    for (const std::string& key : keys) {
        EPI_TRY_ASSIGN(std::string beginning, beginningOf(key));
        beginnings.push_back(std::move(beginning));
    }
    Remover remover;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        const std::string name = entry->path().filename().string();
        const auto isNamed = [&](const std::string& beginning) {
            return name.starts_with(beginning);
        };
        if (std::ranges::any_of(beginnings, isNamed)) remover.remove(entry->path());
    }
    return remover.result();
}

}  // namespace epi
