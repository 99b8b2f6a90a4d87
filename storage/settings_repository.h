#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "storage/database.h"

namespace epi {

/// The table `settings`.
class SettingsRepository {
public:
    explicit SettingsRepository(Database& database) : database_(database) {}

    Result<std::optional<std::string>> find(std::string_view key);
    /// Runs inside the caller's transaction.
    Result<void> set(std::string_view key, std::string_view value);

private:
    Database& database_;
};

}  // namespace epi
