#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "storage/statement.h"

struct sqlite3;

namespace epi {

/// One connection to one database file, with the settings every connection of ours has: WAL,
/// synchronous=FULL, foreign keys, extended result codes, secure delete, no memory mapping. One thread at a
/// time (SQLITE_OPEN_NOMUTEX). Statements must be gone before it is.
class Database {
public:
    enum class Access { kReadWrite, kReadOnly };

    /// kReadWrite creates the file (mode 0600) where there is none. Changes nothing in an existing file.
    static Result<Database> open(const std::filesystem::path& file, Access access);

    /// Turns the write-ahead log on and makes commits wait for the disk. Before the first write, after the
    /// file was found to be ours. kUnsupported where the file system cannot do it.
    Result<void> enableDurableWrites();

    Result<Statement> prepare(std::string_view sql);
    /// Runs statements without parameters: schema files, transaction control, pragmas.
    Result<void> execute(const std::string& sql);
    /// First column of the first row of a statement without parameters; 0 without a row.
    Result<std::int64_t> integer(std::string_view sql);

    [[nodiscard]] std::int64_t lastInsertedId() const;
    /// Rows that the statement run last inserted, updated or deleted.
    [[nodiscard]] std::int64_t changedRows() const;

    [[nodiscard]] bool isReadOnly() const { return access_ == Access::kReadOnly; }
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

    /// kIo on a read-only connection and after a failed flush: what the disk then holds is unknown until the
    /// file has been opened anew, and trying again would report success without truth.
    Result<void> checkWritable() const;

private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept;
    };

    Database(std::filesystem::path file, Access access, sqlite3* handle);
    Result<void> configure();

    std::filesystem::path file_;
    Access access_;
    std::unique_ptr<sqlite3, Close> handle_;
    bool hasFailedFlush_ = false;
};

}  // namespace epi
