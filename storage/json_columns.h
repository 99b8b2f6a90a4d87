#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace epi {

// Lists inside one column, as JSON arrays. Reading anything else is kCorruptData.
std::string toJsonColumn(std::span<const std::string> values);
std::string toJsonColumn(std::span<const std::int64_t> values);
Result<std::vector<std::string>> stringsFromJsonColumn(std::string_view text);
Result<std::vector<std::int64_t>> integersFromJsonColumn(std::string_view text);

}  // namespace epi
