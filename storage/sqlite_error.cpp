#include "storage/sqlite_error.h"

#include <system_error>

#include <sqlite3.h>

namespace epi {
namespace {

ErrorCode errorCode(int primaryCode) {
    switch (primaryCode) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
            return ErrorCode::kCorruptData;
        case SQLITE_NOMEM:
            return ErrorCode::kOutOfMemory;
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
            return ErrorCode::kInvalidArgument;
        case SQLITE_INTERRUPT:
            return ErrorCode::kCancelled;
        case SQLITE_READONLY:
            return ErrorCode::kUnsupported;
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
        case SQLITE_NOLFS:
            return ErrorCode::kIo;
        default:
            return ErrorCode::kInternal;
    }
}

}  // namespace

Error sqliteError(sqlite3* connection, int code) {
    const char* file = connection != nullptr ? sqlite3_db_filename(connection, "main") : nullptr;
    // The connection's own message says more, but it is about the last call, which need not be this one.
    const bool isLast = connection != nullptr && sqlite3_extended_errcode(connection) == code;
    std::string message = isLast ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    if (file != nullptr) message.insert(0, std::string(file) + ": ");
    const int cause = isLast ? sqlite3_system_errno(connection) : 0;  // a full disk, as a rule
    if ((code & 0xff) == SQLITE_IOERR && cause != 0)
        message += ": " + std::error_code(cause, std::generic_category()).message();
    message += " (sqlite code " + std::to_string(code) + ")";
    return {errorCode(code & 0xff), std::move(message)};
}

}  // namespace epi
