#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json_reader.h"
#include "core/base/result.h"

namespace epi {

/// "2026-03-01T10:00:10.123456Z", also with an offset such as +02:00, as milliseconds since 1970 UTC; nothing
/// for another text and for years outside 1970 to 9999.
std::optional<std::int64_t> parseTimestamp(std::string_view text);

/// "2026-03-01T10:00:10.123Z".
std::string formatTimestamp(std::int64_t milliseconds);

/// The time a member holds, as text or as a number of seconds; 0 when it is absent, null or no time.
Result<std::int64_t> timestampIn(const JsonReader& object, std::string_view key);

}  // namespace epi
