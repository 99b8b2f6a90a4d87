#include "app/cli/database_option.h"

#include <filesystem>
#include <system_error>

#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/base/printable.h"
#include "core/format/cache_folder.h"

namespace epi {
namespace {

/// Of chats that were in the bin for long enough, and of turns that were taken out then. The store goes on
/// knowing them, for the window's engine may have caches on another computer.
void removeReleasedCaches(Store& store) {
    const auto keys = store.releasedCaches();
    if (!keys) return logWarning(keys.error().message + "; caches of deleted chats stay");
    if (const auto removed = removeCaches(paths::episodeCaches(), *keys); !removed)
        logWarning(removed.error().message + "; caches of deleted chats stay");
}

/// Absolute, so that the store can make the folder of a bare file name.
Result<std::filesystem::path> fileOf(const std::string& database) {
    if (database.empty()) return paths::database();
    std::error_code failure;
    std::filesystem::path file = std::filesystem::absolute(database, failure);
    if (failure) return Error{ErrorCode::kIo, inQuotes(database) + ": " + failure.message()};
    return file;
}

}  // namespace

void addDatabaseOption(CLI::App& command, std::string& database) {
    command.add_option("--db", database, "Database file; without it the one that the window uses");
}

Result<Store> openDatabase(const std::string& database, DatabaseAccess access) {
    EPI_TRY_ASSIGN(const std::filesystem::path file, fileOf(database));
    std::error_code failure;
    if (access == DatabaseAccess::kExisting && !std::filesystem::exists(file, failure)) {
        return Error{ErrorCode::kNotFound,
                     "there is no database " + printable(file.native(), kMaxPrintablePath) +
                         ": 'epichat-cli import FILE' makes one"};
    }
    EPI_TRY_ASSIGN(Store store, Store::open(file));
    removeReleasedCaches(store);
    return store;
}

Result<Store> openWritableDatabase(const std::string& database, DatabaseAccess access) {
    EPI_TRY_ASSIGN(Store store, openDatabase(database, access));
    if (!store.isReadOnly()) return store;
    EPI_TRY_ASSIGN(const std::filesystem::path file, fileOf(database));
    return Error{ErrorCode::kUnsupported,
                 printable(file.native(), kMaxPrintablePath) +
                     " is open in another program, which alone may write to it: close EpiChat's window, or "
                     "name another database with --db"};
}

void addConversationOptions(CLI::App& command, ConversationArguments& arguments) {
    addDatabaseOption(command, arguments.database);
    command.add_option("--conversation", arguments.conversation, "Row id, or source id such as conv-26")
        ->required();
}

}  // namespace epi
