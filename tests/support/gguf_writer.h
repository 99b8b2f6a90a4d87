#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/format/ggml_blocks.h"

namespace epi::test {

/// The bytes of a number as they lie in the file.
template <typename T>
std::string bytesOf(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

/// A GGUF string: 64-bit length, bytes.
inline std::string ggufString(std::string_view text) {
    return bytesOf(std::uint64_t{text.size()}) + std::string(text);
}

/// Makes a tiny GGUF file in memory. `addKey` and `addTensor` write what is valid; the raw functions and
/// public members write anything, for tests of damaged files.
class GgufWriter {
public:
    /// A tensor's entry in the table, without any check.
    struct RawTensor {
        std::string name = "tensor";
        std::uint32_t dimensions = 1;
        std::vector<std::uint64_t> shape{32};
        std::uint32_t type = 0;
        std::uint64_t offset = 0;
    };

    std::string magic = "GGUF";
    std::uint32_t version = 3;
    std::uint64_t alignment = 32;    // of the data; addKey("general.alignment", ...) states it
    std::uint64_t extraKeys = 0;     // announced but not there
    std::uint64_t extraTensors = 0;  // announced but not there

    void addKey(std::string_view key, std::uint32_t value) { addRawKey(key, 4, bytesOf(value)); }
    void addKey(std::string_view key, std::int32_t value) { addRawKey(key, 5, bytesOf(value)); }
    void addKey(std::string_view key, float value) { addRawKey(key, 6, bytesOf(value)); }
    void addKey(std::string_view key, bool value) { addRawKey(key, 7, std::string(1, value ? 1 : 0)); }
    void addKey(std::string_view key, std::string_view value) { addRawKey(key, 8, ggufString(value)); }
    void addKey(std::string_view key, const char* value) { addKey(key, std::string_view(value)); }
    void addKey(std::string_view key, const std::vector<std::string>& values) {
        std::string bytes;
        for (const std::string& value : values)
            bytes += ggufString(value);
        addRawArray(key, 8, values.size(), bytes);
    }
    void addKey(std::string_view key, const std::vector<std::int32_t>& values) {
        addRawArray(key, 5, values.size(), bytesOfAll(values));
    }
    void addKey(std::string_view key, const std::vector<float>& values) {
        addRawArray(key, 6, values.size(), bytesOfAll(values));
    }

    void addRawKey(std::string_view key, std::uint32_t valueType, std::string_view bytes) {
        keys_ += ggufString(key) + bytesOf(valueType) + std::string(bytes);
        ++keyCount_;
    }
    void addRawArray(std::string_view key,
                     std::uint32_t itemType,
                     std::uint64_t count,
                     std::string_view bytes) {
        addRawKey(key, 9, bytesOf(itemType) + bytesOf(count) + std::string(bytes));
    }

    /// `shape` as the header has it: the row length first. The data are placed after those before.
    void addTensor(std::string_view name,
                   std::vector<std::uint64_t> shape,
                   TensorType type,
                   std::span<const std::byte> bytes) {
        data_.resize(aligned(data_.size()));
        RawTensor tensor;
        tensor.name = name;
        tensor.dimensions = static_cast<std::uint32_t>(shape.size());
        tensor.shape = std::move(shape);
        tensor.type = static_cast<std::uint32_t>(type);
        tensor.offset = data_.size();
        addRawTensor(tensor);
        addRawData(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    void addTensor(std::string_view name,
                   std::vector<std::uint64_t> shape,
                   const std::vector<float>& values) {
        addTensor(name, std::move(shape), TensorType::kF32, std::as_bytes(std::span(values)));
    }
    void addRawTensor(const RawTensor& tensor) {
        tensors_ += ggufString(tensor.name) + bytesOf(tensor.dimensions) + bytesOfAll(tensor.shape) +
                    bytesOf(tensor.type) + bytesOf(tensor.offset);
        ++tensorCount_;
    }
    void addRawData(std::string_view bytes) { data_ += bytes; }

    /// Everything before the tensor data.
    [[nodiscard]] std::string header() const {
        std::string bytes = magic + bytesOf(version) + bytesOf(tensorCount_ + extraTensors) +
                            bytesOf(keyCount_ + extraKeys) + keys_ + tensors_;
        bytes.resize(aligned(bytes.size()));
        return bytes;
    }
    /// The whole file. The last tensor is not padded, so that every byte counts.
    [[nodiscard]] std::string bytes() const { return header() + data_; }

private:
    template <typename T>
    static std::string bytesOfAll(const std::vector<T>& values) {
        std::string bytes;
        for (const T value : values)
            bytes += bytesOf(value);
        return bytes;
    }
    [[nodiscard]] std::size_t aligned(std::size_t size) const {
        return (size + alignment - 1) / alignment * alignment;
    }

    std::string keys_;
    std::string tensors_;
    std::string data_;
    std::uint64_t keyCount_ = 0;
    std::uint64_t tensorCount_ = 0;
};

}  // namespace epi::test
