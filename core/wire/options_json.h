#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/base/result.h"
#include "core/engine/options.h"

namespace epi {

// Options as JSON objects, under the names of their fields. Read back, a missing field keeps its default, so
// that what an older program wrote stays readable, and an unknown one is ignored; a field of the wrong type
// or range is kCorruptData naming it. Any thread.

nlohmann::json toJson(const MemoryOptions& options);
nlohmann::json toJson(const SamplingOptions& options);
Result<MemoryOptions> memoryOptionsFromJson(const nlohmann::json& json);
Result<SamplingOptions> samplingOptionsFromJson(const nlohmann::json& json);

/// The same as text on one line. Bytes that are not UTF-8 become U+FFFD.
std::string toJsonText(const MemoryOptions& options);
std::string toJsonText(const SamplingOptions& options);
Result<MemoryOptions> memoryOptionsFromJsonText(std::string_view text);
Result<SamplingOptions> samplingOptionsFromJsonText(std::string_view text);

}  // namespace epi
