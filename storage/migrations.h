#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "storage/database.h"

namespace epi {

/// One schema file, storage/schema/<version>_<what>.sql: brings the schema from `version - 1` to `version`
/// and ends by setting `PRAGMA user_version`. Files that were released never change.
struct Migration {
    std::int64_t version = 0;
    std::string_view sql;
};

/// All schema files, ascending without gaps.
std::span<const Migration> allMigrations();

/// The schema version of the file; 0 when it is new. kUnsupported for a database of another program and for
/// a version that `migrations` do not know. Reads only.
Result<std::int64_t> schemaVersion(Database& database, std::span<const Migration> migrations);

/// Brings the schema to the newest version, one transaction per step.
Result<void> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace epi
