#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/base/result.h"

namespace epi {

/// A JSON file that the user named, at most 256 MiB. kInvalidArgument when it is no JSON.
Result<nlohmann::json> readJsonFile(const std::string& path);

}  // namespace epi
