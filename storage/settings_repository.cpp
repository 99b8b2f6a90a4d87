#include "storage/settings_repository.h"

namespace epi {

Result<std::optional<std::string>> SettingsRepository::find(std::string_view key) {
    EPI_TRY_ASSIGN(Statement row, database_.prepare("SELECT value FROM settings WHERE key = :key"));
    row.bind(":key", key);
    EPI_TRY_ASSIGN(const bool hasRow, row.step());
    return hasRow ? std::optional<std::string>(row.text()) : std::nullopt;
}

Result<void> SettingsRepository::set(std::string_view key, std::string_view value) {
    EPI_TRY_ASSIGN(Statement insert,
                   database_.prepare("INSERT INTO settings (key, value) VALUES (:key, :value) "
                                     "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    return insert.bind(":key", key).bind(":value", value).run();
}

}  // namespace epi
