#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/format/ggml_blocks.h"

namespace epi {

/// A metadata value. Integers are widened: unsigned ones to uint64, signed ones to int64, those of an array
/// always to int64 (more than 63 bits are refused). An array holds one item type.
using GgufValue = std::variant<std::int64_t,
                               std::uint64_t,
                               double,
                               bool,
                               std::string,
                               std::vector<std::int64_t>,
                               std::vector<double>,
                               std::vector<bool>,
                               std::vector<std::string>>;

struct GgufTensor {
    std::string name;
    TensorType type = TensorType::kF32;
    std::vector<std::int64_t> shape;  // GGUF order: shape[0] is the contiguous dimension (the row length)
    std::uint64_t fileOffset = 0;     // absolute
    std::uint64_t sizeBytes = 0;

    [[nodiscard]] std::int64_t elementCount() const;
};

/// A GGUF file (versions 2 and 3), opened and checked completely: every count is bounded by the bytes that
/// remain before anything is allocated, every size is overflow-checked, keys and tensors are unique, tensors
/// are aligned, disjoint and inside the file. An error names file, field, value and offset. Read by pread,
/// never mapped. Immutable after open; `read` may be called from several threads.
class GgufFile {
public:
    static Result<GgufFile> open(const std::filesystem::path& path);
    ~GgufFile();
    GgufFile(GgufFile&&) noexcept;
    GgufFile& operator=(GgufFile&&) noexcept;

    [[nodiscard]] const std::filesystem::path& path() const;
    [[nodiscard]] std::uint64_t fileSize() const;
    [[nodiscard]] std::uint32_t version() const;
    /// Keys in file order.
    [[nodiscard]] std::span<const std::string> keys() const;
    /// Null when the key is absent.
    [[nodiscard]] const GgufValue* find(std::string_view key) const;

    /// Typed access: kNotFound for a missing key, else kUnsupported naming the key, its value and what was
    /// expected. `number` takes integers too, and no NaN or infinity.
    [[nodiscard]] Result<std::int64_t> integer(std::string_view key,
                                               std::int64_t min,
                                               std::int64_t max) const;
    [[nodiscard]] Result<double> number(std::string_view key) const;
    [[nodiscard]] Result<std::string> text(std::string_view key) const;
    [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key) const;

    [[nodiscard]] std::span<const GgufTensor> tensors() const;
    [[nodiscard]] const GgufTensor* findTensor(std::string_view name) const;
    /// Reads `bytes.size()` bytes of a tensor from `offset` on. A short read (file truncated meanwhile) is
    /// kIo.
    [[nodiscard]] Result<void> read(const GgufTensor& tensor,
                                    std::uint64_t offset,
                                    std::span<std::byte> bytes) const;

    /// BLAKE2b-256 over everything before the tensor data: names the model's metadata, tokenizer and layout.
    [[nodiscard]] std::string headerDigest() const;

private:
    struct State;
    explicit GgufFile(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace epi
