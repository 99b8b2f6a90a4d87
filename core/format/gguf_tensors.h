#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/format/gguf.h"
#include "core/format/header_reader.h"
#include "core/format/name_index.h"

namespace epi {

/// The tensor part of a GGUF header.
struct GgufTensorTable {
    std::vector<GgufTensor> tensors;  // file order
    NameIndex index;
    std::uint64_t dataOffset = 0;  // where the first tensor may begin
};

struct GgufTensorLayout {
    std::uint64_t count;
    std::uint64_t alignment;
    std::uint64_t fileSize;
};

/// Reads the table, which ends the header, and places every tensor in the file: aligned, inside the file and
/// disjoint from all others.
Result<GgufTensorTable> readGgufTensors(HeaderReader& reader, const GgufTensorLayout& layout);

}  // namespace epi
