#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.h"
#include "core/base/result.h"

namespace epi {

/// Reads the header of a binary file front to back into one buffer that grows. Nothing is allocated for a
/// count or a length before the file proved long enough for it. Errors name file, field and offset; `field`
/// is used for these only.
class HeaderReader {
public:
    /// Requires: `file` outlives the reader. A header of more than `maxBytes` is refused as kUnsupported.
    HeaderReader(const File& file, std::uint64_t maxBytes);

    [[nodiscard]] std::uint64_t position() const { return position_; }
    /// Bytes from here to the end of the file.
    [[nodiscard]] std::uint64_t remaining() const { return file_->size() - position_; }

    /// The next bytes; valid until the next call.
    [[nodiscard]] Result<std::span<const std::byte>> take(std::uint64_t count, std::string_view field);
    /// The first `count` bytes of the file, which may lie beyond what was taken; cut at the end of the file.
    [[nodiscard]] Result<std::span<const std::byte>> prefix(std::uint64_t count);

    /// A little-endian number.
    template <typename T>
    [[nodiscard]] Result<T> scalar(std::string_view field) {
        static_assert(std::endian::native == std::endian::little);
        EPI_TRY_ASSIGN(const std::span<const std::byte> bytes, take(sizeof(T), field));
        T value{};
        std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }

    /// A 64-bit length and so many bytes, at most `maxBytes`; valid until the next call.
    [[nodiscard]] Result<std::string_view> text(std::string_view field, std::uint64_t maxBytes);

    struct CountLimits {
        std::uint64_t bytesPerItem;  // that an item has at least
        std::uint64_t maxItems;
    };
    /// Checks an announced number of items against the bytes that remain.
    [[nodiscard]] Result<void> checkCount(std::string_view field,
                                          std::uint64_t count,
                                          CountLimits limits) const;

    /// "x.gguf is damaged: <sentence>".
    [[nodiscard]] Error damaged(std::string_view sentence) const;
    /// "x.gguf is incomplete: <sentence>".
    [[nodiscard]] Error incomplete(std::string_view sentence) const;
    /// "x.gguf: <sentence>".
    [[nodiscard]] Error unsupported(std::string_view sentence) const;

private:
    [[nodiscard]] Result<void> ensure(std::uint64_t end);

    const File* file_;
    std::uint64_t maxBytes_;
    std::uint64_t position_ = 0;
    std::vector<std::byte> buffer_;
    std::string fileName_;
};

}  // namespace epi
