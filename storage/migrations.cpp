#include "storage/migrations.h"

#include <array>
#include <string>

#include "storage/transaction.h"

namespace epi {
namespace {

constexpr std::int64_t kApplicationId = 0x45504943;  // "EPIC"

constexpr std::array kMigrations{
#include "schema.inc"
};

Error unsupported(const Database& database, const std::string& message) {
    return {ErrorCode::kUnsupported, database.file().string() + ": " + message};
}

}  // namespace

std::span<const Migration> allMigrations() {
    return kMigrations;
}

Result<std::int64_t> schemaVersion(Database& database, std::span<const Migration> migrations) {
    EPI_TRY_ASSIGN(const std::int64_t application, database.integer("PRAGMA application_id"));
    EPI_TRY_ASSIGN(const std::int64_t version, database.integer("PRAGMA user_version"));
    EPI_TRY_ASSIGN(const std::int64_t objects, database.integer("SELECT count(*) FROM sqlite_schema"));
    const bool isNew = application == 0 && version == 0 && objects == 0;
    if (isNew) return 0;
    if (application != kApplicationId) {
        return unsupported(database,
                           "application id " + std::to_string(kApplicationId) + " expected, " +
                               std::to_string(application) +
                               " found: this database belongs to another program");
    }
    const std::int64_t newest = migrations.back().version;
    if (version < 1 || version > newest) {
        return unsupported(database,
                           "schema version 1 to " + std::to_string(newest) + " expected, " +
                               std::to_string(version) + " found: a newer EpiChat wrote this database");
    }
    return version;
}

Result<void> migrate(Database& database, std::span<const Migration> migrations) {
    EPI_TRY_ASSIGN(std::int64_t version, schemaVersion(database, migrations));
    for (const Migration& migration : migrations) {
        if (migration.version <= version) continue;
        EPI_TRY_ASSIGN(Transaction transaction, Transaction::begin(database));
        EPI_TRY(database.execute(std::string(migration.sql)));
        EPI_TRY_ASSIGN(version, database.integer("PRAGMA user_version"));
        if (version != migration.version) {
            return Error{ErrorCode::kInternal,
                         "schema file " + std::to_string(migration.version) + " sets version " +
                             std::to_string(version)};
        }
        EPI_TRY(transaction.commit());
    }
    return {};
}

}  // namespace epi
