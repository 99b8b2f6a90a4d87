#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/format/name_index.h"
#include "core/format/safetensors.h"

namespace epi {

/// The JSON header of a safetensors file.
struct SafetensorsHeader {
    std::vector<SafetensorsEntry> entries;  // header order; fileOffset is still relative to the data
    NameIndex index;
};

/// Strict: an object of tensors, each with exactly dtype, shape and data_offsets, and a __metadata__ object
/// of strings; no key twice. Checks that each range has the size of type and shape, not where it lies. The
/// error is a sentence without the file's name.
Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view json);

}  // namespace epi
