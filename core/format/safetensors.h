#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace epi {

struct SafetensorsEntry {
    std::string name;
    std::string type;                 // "F32", "F16", "BF16", "I64", ...
    std::vector<std::int64_t> shape;  // row-major, last dimension contiguous
    std::uint64_t fileOffset = 0;
    std::uint64_t sizeBytes = 0;
};

/// A safetensors file, header checked completely on open (size limits, unique names, known types, ranges
/// inside the file, disjoint and without holes). Immutable after open; `readFloats` may be called from
/// several threads.
class SafetensorsFile {
public:
    static Result<SafetensorsFile> open(const std::filesystem::path& path);
    ~SafetensorsFile();
    SafetensorsFile(SafetensorsFile&&) noexcept;
    SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

    [[nodiscard]] std::span<const SafetensorsEntry> entries() const;
    [[nodiscard]] const SafetensorsEntry* find(std::string_view name) const;
    /// All values of an F32, F16 or BF16 tensor as fp32, row-major.
    [[nodiscard]] Result<std::vector<float>> readFloats(const SafetensorsEntry& entry) const;

private:
    struct State;
    explicit SafetensorsFile(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace epi
