#pragma once

#include <string>

#include "core/base/json_reader.h"
#include "core/base/result.h"

namespace epi {

/// A JSON file that the user named, within the limits of JsonDocument. The error names the file.
Result<JsonDocument> readJsonFile(const std::string& path);

}  // namespace epi
