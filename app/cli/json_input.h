#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json_reader.h"
#include "core/base/result.h"

namespace epi {

/// A JSON file that the user named, within the limits of JsonDocument. The error names the file.
Result<JsonDocument> readJsonFile(const std::string& path);

/// A file that holds one JSON array of texts, or of numbers that are at least 0.
Result<std::vector<std::string>> readTexts(const std::string& path);
Result<std::vector<std::int32_t>> readIntegers(const std::string& path);

}  // namespace epi
