#include "storage/database.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sqlite3.h>

#include "storage/full_text_functions.h"
#include "storage/sqlite_error.h"

#include <fcntl.h>
#include <unistd.h>

namespace epi {
namespace {

constexpr int kBusyTimeoutMs = 5000;

/// Chats are their owner's business: SQLite would create the file readable for everybody, and gives its
/// journal files the same mode.
Result<void> createPrivately(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) {
        return Error{ErrorCode::kIo, file.string() + ": cannot open: " + std::strerror(errno)};
    }
    ::close(descriptor);
    return {};
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const noexcept {
    sqlite3_close_v2(handle);
}

Database::Database(std::filesystem::path file, Access access, sqlite3* handle)
    : file_(std::move(file)), access_(access), handle_(handle) {}

Result<Database> Database::open(const std::filesystem::path& file, Access access) {
    if (access == Access::kReadWrite) EPI_TRY(createPrivately(file));
    const int mode = access == Access::kReadWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(file.c_str(), &handle, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    Database database(file, access, handle);
    if (code != SQLITE_OK) return sqliteError(handle, code).with("while opening " + file.string());
    EPI_TRY(database.configure());
    return database;
}

Result<void> Database::configure() {
    sqlite3_busy_timeout(handle_.get(), kBusyTimeoutMs);
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    // The triggers that keep the full-text indexes in step count as unsafe to Debian 12's SQLite, which does
    // not mark FTS5 tables as harmless. Reading runs no trigger.
    sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, isReadOnly() ? 0 : 1, nullptr);
    EPI_TRY(
        execute("PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL;"));
    EPI_TRY(addFullTextFunctions(handle_.get()));
    // One connection writes and checkpoints: SQLite before 3.51.3 can damage a log that two connections
    // work on at once.
    if (isReadOnly()) EPI_TRY(execute("PRAGMA wal_autocheckpoint = 0;"));
    return {};
}

Result<void> Database::enableDurableWrites() {
    EPI_TRY_ASSIGN(Statement journal, prepare("PRAGMA journal_mode = WAL"));
    EPI_TRY_ASSIGN(const bool hasRow, journal.step());
    const std::string mode(hasRow ? journal.text() : "");
    EPI_TRY_ASSIGN(const std::int64_t synchronous, integer("PRAGMA synchronous"));
    EPI_TRY_ASSIGN(const std::int64_t foreignKeys, integer("PRAGMA foreign_keys"));
    if (mode == "wal" && synchronous == 2 && foreignKeys == 1) return {};
    return Error{ErrorCode::kUnsupported,
                 file_.string() + ": journal mode wal, synchronous 2 and foreign keys 1 expected, " + mode +
                     ", " + std::to_string(synchronous) + " and " + std::to_string(foreignKeys) + " found"};
}

Result<Statement> Database::prepare(std::string_view sql) {
    return Statement::prepare(handle_.get(), sql);
}

Result<void> Database::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return {};
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) hasFailedFlush_ = true;
    return sqliteError(handle_.get(), code);
}

Result<std::int64_t> Database::integer(std::string_view sql) {
    EPI_TRY_ASSIGN(Statement statement, prepare(sql));
    EPI_TRY_ASSIGN(const bool hasRow, statement.step());
    return hasRow ? statement.integer() : 0;
}

std::int64_t Database::lastInsertedId() const {
    return sqlite3_last_insert_rowid(handle_.get());
}

std::int64_t Database::changedRows() const {
    return sqlite3_changes64(handle_.get());
}

Result<void> Database::checkWritable() const {
    if (isReadOnly()) {
        return Error{ErrorCode::kIo,
                     file_.string() + ": opened read-only, because another program is writing to it"};
    }
    if (hasFailedFlush_) {
        return Error{ErrorCode::kIo,
                     file_.string() + ": the disk failed to store earlier changes, open the file again"};
    }
    return {};
}

}  // namespace epi
