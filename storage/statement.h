#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace epi {

/// A prepared statement. Values are bound by name; what goes wrong in `bind` is reported by the next `step`
/// or `run`, so that binds can be chained. Belongs to the thread of its connection.
class Statement {
public:
    static Result<Statement> prepare(sqlite3* connection, std::string_view sql);

    Statement& bind(const char* parameter, std::int64_t value);
    Statement& bind(const char* parameter, double value);
    Statement& bind(const char* parameter, std::string_view value);
    Statement& bind(const char* parameter, std::optional<std::int64_t> value);
    Statement& bind(const char* parameter, std::optional<double> value);

    /// Advances to the next row; false after the last one.
    Result<bool> step();
    /// Runs to the end and makes the statement ready for new values.
    Result<void> run();

    // Columns of the current row, from the left: each call reads the next one.
    std::int64_t integer();
    double real();
    std::string_view text();  // valid until the next step
    std::optional<std::int64_t> optionalInteger();
    std::optional<double> optionalReal();

private:
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const noexcept;
    };

    explicit Statement(sqlite3_stmt* handle);
    int parameterIndex(const char* parameter);
    void note(int code);

    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    int bindError_ = 0;
    std::string unknownParameter_;
    int column_ = 0;
};

}  // namespace epi
