#include "storage/statement.h"

#include <sqlite3.h>

#include "storage/sqlite_error.h"

namespace epi {

void Statement::Finalize::operator()(sqlite3_stmt* handle) const noexcept {
    sqlite3_finalize(handle);  // repeats the error of the last step, which was reported there
}

Statement::Statement(sqlite3_stmt* handle) : handle_(handle) {}

Result<Statement> Statement::prepare(sqlite3* connection, std::string_view sql) {
    sqlite3_stmt* handle = nullptr;
    const int code =
        sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), 0, &handle, nullptr);
    if (code != SQLITE_OK) return sqliteError(connection, code);
    return Statement(handle);
}

int Statement::parameterIndex(const char* parameter) {
    const int index = sqlite3_bind_parameter_index(handle_.get(), parameter);
    if (index == 0 && unknownParameter_.empty()) unknownParameter_ = parameter;
    return index;
}

void Statement::note(int code) {
    if (bindError_ == SQLITE_OK) bindError_ = code;
}

Statement& Statement::bind(const char* parameter, std::int64_t value) {
    note(sqlite3_bind_int64(handle_.get(), parameterIndex(parameter), value));
    return *this;
}

Statement& Statement::bind(const char* parameter, double value) {
    note(sqlite3_bind_double(handle_.get(), parameterIndex(parameter), value));
    return *this;
}

Statement& Statement::bind(const char* parameter, std::string_view value) {
    // A null pointer would bind NULL instead of an empty text.
    const char* bytes = value.data() != nullptr ? value.data() : "";
    note(sqlite3_bind_text64(
        handle_.get(), parameterIndex(parameter), bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(const char* parameter, std::optional<std::int64_t> value) {
    if (value) return bind(parameter, *value);
    note(sqlite3_bind_null(handle_.get(), parameterIndex(parameter)));
    return *this;
}

Statement& Statement::bind(const char* parameter, std::optional<double> value) {
    if (value) return bind(parameter, *value);
    note(sqlite3_bind_null(handle_.get(), parameterIndex(parameter)));
    return *this;
}

Result<bool> Statement::step() {
    if (!unknownParameter_.empty()) {
        return Error{ErrorCode::kInternal,
                     "no parameter " + unknownParameter_ + " in: " + sqlite3_sql(handle_.get())};
    }
    sqlite3* connection = sqlite3_db_handle(handle_.get());
    if (bindError_ != SQLITE_OK) return sqliteError(connection, bindError_);
    column_ = 0;
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Error error = sqliteError(connection, code);
    sqlite3_reset(handle_.get());
    return error;
}

Result<void> Statement::run() {
    for (;;) {
        EPI_TRY_ASSIGN(const bool hasRow, step());
        if (!hasRow) break;
    }
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
    return {};
}

std::int64_t Statement::integer() {
    return sqlite3_column_int64(handle_.get(), column_++);
}

double Statement::real() {
    return sqlite3_column_double(handle_.get(), column_++);
}

std::string_view Statement::text() {
    const int column = column_++;
    const unsigned char* bytes = sqlite3_column_text(handle_.get(), column);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::optional<std::int64_t> Statement::optionalInteger() {
    if (sqlite3_column_type(handle_.get(), column_) == SQLITE_NULL) {
        ++column_;
        return std::nullopt;
    }
    return integer();
}

std::optional<double> Statement::optionalReal() {
    if (sqlite3_column_type(handle_.get(), column_) == SQLITE_NULL) {
        ++column_;
        return std::nullopt;
    }
    return real();
}

}  // namespace epi
