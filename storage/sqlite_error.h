#pragma once

#include "core/base/error.h"

struct sqlite3;

namespace epi {

/// What SQLite reports of `connection` after a call that returned `code`, with the database file's name.
Error sqliteError(sqlite3* connection, int code);

}  // namespace epi
