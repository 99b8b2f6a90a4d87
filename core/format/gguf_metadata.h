#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/format/gguf.h"
#include "core/format/header_reader.h"
#include "core/format/name_index.h"

namespace epi {

/// The key-value part of a GGUF header.
struct GgufMetadata {
    std::vector<std::string> keys;  // file order
    std::vector<GgufValue> values;  // as keys
    NameIndex index;

    [[nodiscard]] const GgufValue* find(std::string_view key) const;
};

/// Reads `count` key-value pairs; refuses a key that is there twice, unknown types and nested arrays.
Result<GgufMetadata> readGgufMetadata(HeaderReader& reader, std::uint64_t count);

/// general.alignment, or the format's default of 32; a power of two of at most 64 KiB.
Result<std::uint64_t> ggufAlignment(const HeaderReader& reader, const GgufMetadata& metadata);

/// A value as an error message shows it: numbers and short texts as they are, arrays by their length.
std::string describe(const GgufValue& value);

}  // namespace epi
