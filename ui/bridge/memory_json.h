#pragma once

#include <string>
#include <string_view>

#include "core/engine/options.h"

namespace epi {

/// MemoryOptions as stored with a conversation: a JSON object, keys sorted, one text per value.
std::string memoryToJson(const MemoryOptions& options);

/// The inverse. What is missing keeps its default; text that is no object gives the defaults.
MemoryOptions memoryFromJson(std::string_view json);

}  // namespace epi
